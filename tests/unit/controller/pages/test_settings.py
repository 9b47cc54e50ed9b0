"""What the page of a monitor lists of its settings."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from controller.kinds import configured_logins, target_of
from controller.operations.monitors.report import ReportedMonitor
from controller.pages.monitor.settings import settings_of
from tests.fakes import kinds


class AMonitor(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    hostname: str = "mx.example.com"
    port: int | None = None
    config: dict[str, Any] = {}
    address: str | None = None
    interval_seconds: int = 60
    timeout_seconds: int = 30
    allowed_check_country_codes: list[str] | None = None
    labels: dict[str, str] = {}
    notes: str = ""


class AReport(msgspec.Struct, frozen=True, kw_only=True):
    monitor: AMonitor
    target: Any
    logins: Any


def listed(monitor: AMonitor) -> list[tuple[str, str]]:
    report = AReport(monitor=monitor, target=target_of(monitor), logins=configured_logins(monitor))
    return [(one.name, one.value) for one in settings_of(cast(ReportedMonitor, report))[3:]]


@pytest.fixture(autouse=True)
def other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)


def test_a_mail_server() -> None:
    auth = {"user": "anna", "pass": "hidden"}
    assert listed(AMonitor(kind="smtp", config={"secure": True, "warningMs": 5000, "auth": auth})) == [
        ("Encryption", "TLS from the first byte"),
        ("Certificate", "verified"),
        ("Warns before it ends", "14 days"),
        ("Warns when slower than", "5 s"),
        ("Addresses", "IPv6 or IPv4"),
        ("Login", "anna"),
    ]


@pytest.mark.parametrize(
    ("warning_ms", "text"), [(None, "never"), (500, "500 ms"), (1500, "1.50 s"), (2000, "2 s"), (90_000, "1 min 30 s")]
)
def test_a_limit_of_less_than_a_second_is_shown(warning_ms: int | None, text: str) -> None:
    assert ("Warns when slower than", text) in listed(AMonitor(kind="smtp", config={"warningMs": warning_ms}))


def test_two_servers_with_two_logins() -> None:
    settings = listed(AMonitor(kind="pair", config={"reader": "imap.example.com", "user": "bert"}))
    assert settings[0] == ("Warns when slower than", "never")
    assert ("mx.example.com:587: Encryption", "STARTTLS when the server offers it") in settings
    assert ("imap.example.com:993: Encryption", "TLS from the first byte") in settings
    assert settings[-2:] == [("Login: sender", "none"), ("Login: reader", "bert")]
    assert "secret" not in str(settings)
    assert str(settings).count("Warns when slower than") == 1


def test_no_server_and_no_login() -> None:
    assert listed(AMonitor(kind="zone", hostname="example.com", labels={"tag": "", "team": "mail"}, notes="Ours")) == [
        ("Warns when slower than", "never"),
        ("Domain", "example.com"),
        ("Labels", "tag, team: mail"),
        ("Notes", "Ours"),
    ]
