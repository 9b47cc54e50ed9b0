"""Where a monitor's checks connect, for kinds with one server, several or none."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from controller.kinds.servers import NamedServer, named_servers, servers_of, servers_text
from tests.fakes import kinds


class AMonitor(msgspec.Struct, frozen=True):
    kind: str
    hostname: str = "mx.example.com"
    port: int | None = None
    config: dict[str, Any] = {}
    address: str | None = None


@pytest.fixture(autouse=True)
def other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)


@pytest.mark.parametrize(
    ("monitor", "text"),
    [
        (AMonitor("smtp"), "mx.example.com:25"),
        (AMonitor("smtp", port=587), "mx.example.com:587"),
        (AMonitor("smtp", config={"secure": True}), "mx.example.com:465"),
        (AMonitor("pop3", "Mail.Example.COM", config={"protocol": "pop3", "tls": True}), "Mail.Example.COM:995"),
        (AMonitor("smtp", "2001:db8::25"), "[2001:db8::25]:25"),
        (AMonitor("smtp", config={"secure": []}), "mx.example.com"),
        (AMonitor("smtp", port=2525, config={"secure": []}), "mx.example.com:2525"),
        (AMonitor("of_a_newer_version", port=25), "mx.example.com:25"),
        (AMonitor("of_a_newer_version"), "mx.example.com"),
        (AMonitor("zone", "example.com"), "example.com"),
        (AMonitor("zone", "example.com", port=53), "example.com"),
        (AMonitor("pair", config={"reader": "imap.example.com"}), "mx.example.com:587 and imap.example.com:993"),
        (AMonitor("pair", port=25, config={"reader": "2001:db8::1"}), "mx.example.com:587 and [2001:db8::1]:993"),
    ],
)
def test_servers_are_written_with_their_ports(monitor: AMonitor, text: str) -> None:
    assert servers_text(monitor) == text


def test_there_is_always_one() -> None:
    assert servers_of(AMonitor("zone", "example.com")) == (NamedServer("example.com", None),)


def test_a_kind_with_one_server_needs_no_config() -> None:
    assert named_servers("imap", "mx.example.com", None) == (NamedServer("mx.example.com", None),)
    assert named_servers("pair", "mx.example.com", 25) is None
    assert named_servers("zone", "mx.example.com", None) is None
