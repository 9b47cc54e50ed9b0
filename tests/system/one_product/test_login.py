"""A mail password goes from the API, encrypted at rest and sealed on the wire, to the mail server, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import requires
from tests.fakes.certificates import Certificates
from tests.fakes.postfix import Postfix, missing_for_postfix, start_postfix
from tests.system import monitors
from tests.system.monitors import checks_from
from tests.system.product import Product
from tests.system.regions.eavesdropper import content_of, files_in

BOTH = {"DE", "US"}
USER, PASSWORD, WRONG = "alice", "open-sesame-4711", "close-sesame-4712"


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    missing = missing_for_postfix(login=True)
    requires(missing is None, missing or "")
    with start_postfix(certificates=Certificates(), login=(USER, PASSWORD)) as running:
        yield running


def config(password: str) -> dict[str, Any]:
    return {
        "requireTls": True,
        "tlsOptions": {"rejectUnauthorized": False},
        "auth": {"user": USER, "pass": password},
    }


def test_a_login_works_from_both_countries_and_its_password_is_kept_nowhere(product: Product, postfix: Postfix) -> None:
    right = monitors.create(product, postfix.port, smtpConfig=config(PASSWORD))
    found = checks_from(product, right, BOTH, lambda check: check["status"] == "success")
    for check in found.values():
        assert {"starttls", "tls", "auth"} <= check["timings"].keys()
    assert product.api.get(f"/api/smtp-monitors/{right}").json()["config"]["auth"] == {"user": USER, "pass": "********"}

    wrong = monitors.create(product, postfix.port, smtpConfig=config(WRONG))
    # Dovecot delays the answer to a refused login, longer each time.
    found = checks_from(product, wrong, BOTH, lambda check: check["status"] == "failure")
    assert {(check["failure"]["kind"], check["failure"]["phase"]) for check in found.values()} == {
        ("login_refused", "auth")
    }
    for monitor in (right, wrong):
        monitors.delete(product, monitor)

    files = [product.console, *files_in(product.data)]
    assert product.data / "postgres" / "PG_VERSION" in files
    assert not [path for path in files if holds_a_password(path)]


def holds_a_password(path: Path) -> bool:
    content = content_of(path)
    return PASSWORD.encode() in content or WRONG.encode() in content
