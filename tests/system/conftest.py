"""A product of a test's own, and a mail server to check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REQUIRE_ALL, requires
from tests.fakes.postfix import missing_for_postfix, start_postfix
from tests.system.product import Product
from tests.system.smtpd import MailServer, Smtpd


@pytest.fixture
def new_product(tmp_path: Path) -> Iterator[Product]:
    """A product of the test's own, not started; its path is longer than a socket's may be."""
    long = tmp_path / ("folder with a long name " * 5).strip()
    long.mkdir()
    made = Product(long / "data")
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Running; which one is for `running_mail_server` to say."""
    with running_mail_server() as server:
        yield server


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """A real Postfix where there can be one, else an aiosmtpd; which of them is not left to chance in CI."""
    missing = missing_for_postfix()
    if missing is None or REQUIRE_ALL:
        requires(missing is None, missing or "")
        with start_postfix() as postfix:
            yield postfix
        return
    server = Smtpd()
    server.start()
    try:
        yield server
    finally:
        server.stop()
