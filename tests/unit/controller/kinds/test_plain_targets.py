"""The config of a kind without a config of its own in any group of routes is refused in the words of JSON."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import InvalidError
from controller.kinds import plain
from controller.store.monitors.monitors import NewMonitor
from shared.wire.targets.imap import ImapTarget


def monitor(config: dict[str, Any]) -> NewMonitor:
    return NewMonitor(
        organization_id=1,
        customer_id=1,
        kind="imap",
        hostname="mail.example.com",
        port=143,
        interval_seconds=60,
        timeout_seconds=30,
        config=config,
    )


def test_the_keys_of_the_config_are_the_fields_of_the_target() -> None:
    target = plain.target_from(monitor({"warningMs": "200", "mailbox": "Archive"}), ImapTarget, "config")
    assert target == ImapTarget(host="mail.example.com", port=143, warning_ms=200, mailbox="Archive")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"warningMs": "soon"}, "config.warningMs must be an integer or null"),
        ({"mailbox": 5}, "config.mailbox must be a string"),
        ({"verifyCertificate": []}, "config.verifyCertificate must be true or false"),
        ({"tls": "sometimes"}, "config.tls must be one of none, opportunistic, required, implicit"),
    ],
)
def test_a_value_is_refused_by_its_path_and_json_type(config: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        plain.target_from(monitor(config), ImapTarget, "config")
    assert str(caught.value) == message
