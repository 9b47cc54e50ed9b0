"""A trial over the API: settings that no monitor has are checked from both countries, with their login."""

from __future__ import annotations

from typing import Any

from tests.fakes.dovecot import FULL, MESSAGES, PASSWORD, Dovecot
from tests.fakes.ports import free_port
from tests.system.product import Product, eventually

TRIALS = "/api/v1/trials"
WRONG = "close-sesame-4733"


def tried(product: Product, target: dict[str, Any]) -> dict[str, Any]:
    """The trial when it is done."""
    answer = product.api.post(TRIALS, json={"target": target, "timeout": 10})
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]

    def done() -> dict[str, Any] | None:
        found: dict[str, Any] = product.api.get(path).json()
        return found if found["done"] else None

    return eventually(done, "a trial that is done")


def test_settings_are_tried_from_both_countries_before_there_is_a_monitor(product: Product, dovecot: Dovecot) -> None:
    results = product.api.get("/api/results").json()["results"]
    login = {"user": FULL, "password": PASSWORD}
    target = {
        "kind": "imap",
        "host": "127.0.0.1",
        "port": dovecot.imaps_port,
        "tls": "implicit",
        "verifyCertificate": False,
        "login": login,
    }
    found = tried(product, target)
    assert [one["country"] for one in found["countries"]] == ["DE", "US"]
    for one in found["countries"]:
        assert (one["status"], one["failure"]) == ("success", None), one
        assert {"tls", "auth", "mailbox"} <= {timing["phase"] for timing in one["phases"]}
        assert one["facts"]["messages"] == MESSAGES
        assert one["transcript"]
        assert PASSWORD not in str(one)

    found = tried(product, target | {"login": login | {"password": WRONG}})
    for one in found["countries"]:
        assert (one["status"], one["failure"]["kind"]) == ("failure", "login_refused"), one
        assert WRONG not in str(one)

    found = tried(product, {"kind": "smtp", "host": "127.0.0.1", "port": free_port()})
    assert {one["failure"]["kind"] for one in found["countries"]} == {"refused"}
    assert product.api.get("/api/results").json()["results"] == results
