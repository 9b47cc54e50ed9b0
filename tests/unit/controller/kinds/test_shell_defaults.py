"""`mailprobe-agent check URL` does what a monitor of that kind does when nothing is set."""

from __future__ import annotations

from typing import Any

import pytest

from agent.commands.check import _address, new_parser
from controller.kinds import target_of
from tests.unit.controller.kinds.test_targets import monitor


@pytest.mark.parametrize(
    ("scheme", "kind", "config"),
    [
        ("smtp", "smtp", {}),
        ("imap", "imap", {}),
        ("pop3", "pop3", {}),
        ("smtps", "smtp", {"secure": True}),
        ("imaps", "imap", {"tls": True}),
        ("pop3s", "pop3", {"tls": True}),
    ],
)
def test_a_url_alone_makes_the_target_of_a_monitor_without_options(
    scheme: str, kind: str, config: dict[str, Any]
) -> None:
    given = new_parser().read([f"{scheme}://mail.example.com"])
    assert _address(given).target == target_of(monitor(kind, config))
    assert given.timeout == monitor(kind).timeout_seconds


def test_the_help_names_the_default_of_starttls() -> None:
    text = " ".join(new_parser().format_help().split())
    assert "(default, as a monitor's: opportunistic for smtp, never for imap, never for pop3)" in text
