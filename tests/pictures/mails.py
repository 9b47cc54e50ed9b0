"""Mails as people get them, and pictures of them: on a desk, in the dark and on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from controller.model.values.public_url import PublicUrl
from controller.notify.message import render
from controller.notify.notice import (
    GroupMember,
    GroupNotice,
    IncidentNotice,
    LocationFinding,
    Notice,
    NoticeCustomer,
    NoticeMonitor,
    PhaseFinding,
    PlainNotice,
)
from tests.browser.browser import Browser
from tests.pictures.camera import STYLES

_BEGAN = datetime(2026, 3, 1, 11, 0, 0, tzinfo=UTC)
_URL = PublicUrl("https://probe.example.com")
_HEIGHT = 900
_PASSING = (("resolve", 3.2), ("connect", 21.4), ("greeting", 34.0), ("ehlo", 18.9), ("starttls", 20.1), ("tls", 48.7))


def _finding(location: str, failure: str = "", finding: str = "passes", slow: float = 1) -> LocationFinding:
    phases = [PhaseFinding(phase=phase, duration_ms=ms * slow) for phase, ms in _PASSING]
    if failure == "refused":
        phases = [*phases[:1], PhaseFinding(phase="connect", duration_ms=21.9 * slow, failed=True)]
    elif failure == "timeout":
        phases = [*phases[:2], PhaseFinding(phase="greeting", duration_ms=9_972.1, failed=True)]
    return LocationFinding(
        location=location,
        country=location[:2].upper(),
        finding=finding,
        failure=failure,
        ballot="failed" if failure else "passed",
        total_ms=sum(phase.duration_ms for phase in phases),
        phases=phases,
    )


_REFUSED = "refused (connect): Connection refused"
_SILENT = "timeout (greeting): the server did not say anything within the timeout of the check"
DOWN = [
    _finding("de-nbg", "refused", _REFUSED),
    _finding("us-ash", "refused", _REFUSED, slow=5),
    _finding("jp-tyo", "timeout", _SILENT, slow=9),
]
_PARTLY = [*DOWN[:2], _finding("fr-par"), _finding("nl-ams", slow=1.2), _finding("br-sao", slow=8)]


def _incident(change: str, evidence: list[LocationFinding], severity: str = "down", reason: str = "") -> IncidentNotice:
    return IncidentNotice(
        change=change,
        severity=severity,
        reason=reason or "3 of 3 countries fail: 2 cannot connect: refused, 1 timeout (greeting)",
        at=_BEGAN + timedelta(seconds=30),
        incident_id=7,
        incident_public_id=UUID(int=7),
        outage_started_at=_BEGAN,
        started_at=_BEGAN + timedelta(seconds=30),
        resolved_at=_BEGAN + timedelta(minutes=65) if change == "resolved" else None,
        monitor=NoticeMonitor(
            id=12, public_id=UUID(int=12), name="mail.example.com", kind="smtp", hostname="mail.example.com", port=587
        ),
        customer=NoticeCustomer(id=3, public_id=UUID(int=3), name="Bäckerei Müller"),
        organization="Acme",
        time_zone="Europe/Berlin",
        evidence=evidence,
    )


_TOWNS = ("Paris", "Lyon", "Nice", "Lille", "Nantes", "Bordeaux")


def _members(number: int, change: str = "opened", cause: str = "mx.example.com (192.0.2.1)") -> list[GroupMember]:
    return [
        GroupMember(
            incident_public_id=UUID(int=100 + index),
            monitor=NoticeMonitor(
                id=index,
                public_id=UUID(int=index),
                name=f"Mail of {_TOWNS[index % 6]} {index + 1}",
                kind="imap" if index % 3 else "smtp",
                hostname="mx.example.com",
                port=993 if index % 3 else 25,
            ),
            customer=f"Hôtel {_TOWNS[index % 6]}",
            change=change,
            severity="partial" if index == 2 else "down",
            reason="3 of 3 countries cannot connect: refused",
            cause=cause,
            outage_started_at=_BEGAN + timedelta(seconds=7 * index),
            resolved_at=_BEGAN + timedelta(minutes=31) if change == "resolved" else None,
        )
        for index in range(number)
    ]


def _group(number: int, members: list[GroupMember], **fields: object) -> GroupNotice:
    given = {
        "group_public_id": UUID(int=9),
        "kind": "cause",
        "cause": "mx.example.com (192.0.2.1)",
        "at": _BEGAN + timedelta(minutes=32),
        "opened_at": _BEGAN,
        "number": number,
        "members": members,
        "causes": [("mx.example.com (192.0.2.1)", number)],
        "still_open": number + 1,
        "organization": "Acme",
        "time_zone": "Europe/Berlin",
    }
    return GroupNotice(**(given | fields))  # type: ignore[arg-type]


_STORM = [("mx.example.com (192.0.2.1)", 120), ("Hôtel Paris: timeout", 57), ("imap.example.org (2001:db8::1)", 37)]
NOTICES: dict[str, Notice] = {
    "mail-down": _incident("opened", DOWN),
    "mail-partly-down": _incident(
        "opened", _PARTLY, "partial", "2 of 5 countries cannot connect: refused; BR, FR and NL pass"
    ),
    "mail-up-again": _incident(
        "resolved", [_finding("de-nbg"), _finding("us-ash", slow=5)], reason="2 of 2 countries pass"
    ),
    "mail-group": _group(38, _members(8)),
    "mail-group-over": _group(39, _members(5, "resolved"), over=True, still_open=0, ended=39),
    "mail-storm": _group(
        214,
        _members(6, cause="Hôtel Paris: timeout"),
        kind="storm",
        cause="many causes at once",
        causes=_STORM,
        still_open=214,
    ),
    "mail-to-operators": PlainNotice(
        title="Locations br-sao and jp-tyo are silent",
        paragraphs=["No agent of these locations has reported for 3 minutes.", "Monitors there are not checked."],
        at=_BEGAN,
        path="/locations",
    ),
}


def take(browser: Browser, names: Iterable[str], folder: Path) -> None:
    """Write `mail-style.png` of each of these mails and style."""
    with TemporaryDirectory() as pages:
        for name in names:
            page = Path(pages) / f"{name}.html"
            ack_link = f"https://probe.example.com/ack/{'x' * 22}"
            page.write_text(render(NOTICES[name], _URL, ack_link=ack_link).html, encoding="utf-8")
            for style in STYLES:
                browser.emulation.media(dark=style.dark, still=True)
                browser.emulation.width(style.width, _HEIGHT, touch=style.name == "phone")
                browser.open(page.as_uri())
                (folder / f"{name}-{style.name}.png").write_bytes(browser.picture())
    browser.emulation.reset()
