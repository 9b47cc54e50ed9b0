"""An IMAP/POP monitor made over the API is checked against a real Dovecot, in the protocol that is set just then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.dovecot import FULL, MESSAGES, PASSWORD, Dovecot
from tests.system.product import Product, eventually

PATH = "/api/imap-pop-monitors"
WRONG = "close-sesame-4714"
BOTH = {"DE", "US"}

Check = dict[str, Any]


def config(protocol: str, password: str = PASSWORD) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "user": FULL,
        "password": password,
        "starttls": "required",
        "tlsOptions": {"rejectUnauthorized": False},
    }


def create(product: Product, port: int, config: dict[str, Any]) -> str:
    answer = product.api.post(
        PATH,
        json={
            "customerId": 1,
            "name": "under test",
            "hostname": "127.0.0.1",
            "port": port,
            "checkIntervalSeconds": 10,
            "timeoutSeconds": 10,
            "imapPopConfig": config,
        },
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["publicId"])


def checks(product: Product, monitor: str, like: Callable[[Check], bool]) -> dict[str, Check]:
    """Such a check from each country, as soon as there is one from both."""

    def complete() -> dict[str, Check] | None:
        items = product.api.get(f"{PATH}/{monitor}/check-history").json()["data"]
        found = {item["countryCode"]: item for item in items if like(item)}
        return found if found.keys() == BOTH else None

    return eventually(complete, f"such checks from {BOTH}")


def test_a_mailbox_is_opened_in_one_protocol_and_then_in_the_other(product: Product, dovecot: Dovecot) -> None:
    monitor = create(product, dovecot.imap_port, config("imap"))
    for check in checks(product, monitor, lambda check: bool(check["status"] == "success")).values():
        assert {"starttls", "tls", "auth", "mailbox", "quit"} <= check["timings"].keys()
        assert check["diagnostics"]["messages"] == MESSAGES
        assert check["timingImapPop"] > 0

    read = product.api.get(f"{PATH}/{monitor}").json()["imapPopConfig"]
    changed = product.api.patch(
        f"{PATH}/{monitor}", json={"port": dovecot.pop3_port, "imapPopConfig": {**read, "protocol": "pop3"}}
    )
    assert changed.status_code == 200, changed.text
    moved = changed.json()["updatedAt"]
    found = checks(product, monitor, lambda check: check["status"] == "success" and check["scheduledAt"] >= moved)
    for check in found.values():
        assert check["diagnostics"]["greeting"].startswith("Dovecot"), "a POP3 greeting"
        assert check["diagnostics"]["messages"] == MESSAGES
    assert product.api.delete(f"{PATH}/{monitor}").json() == {"success": True}


def test_a_refused_password_is_a_failure_whose_transcript_shows_the_dialogue_but_not_the_password(
    product: Product, dovecot: Dovecot
) -> None:
    monitor = create(product, dovecot.imap_port, config("imap", WRONG))
    for check in checks(product, monitor, lambda check: bool(check["status"] == "failure")).values():
        assert (check["failure"]["kind"], check["failure"]["phase"]) == ("login_refused", "auth")
        spoken = {line["speaker"] for line in check["transcript"]}
        assert {"client", "server"} <= spoken
        assert WRONG not in str(check)
    product.api.delete(f"{PATH}/{monitor}")
