"""Mails as people get them, and pictures of them: on a desk, in the dark and on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.model.values.public_url import PublicUrl
from controller.notify.message import render
from controller.notify.notice import LocationFinding, Notice, PlainNotice
from controller.notify.report_notice import ReportNotice
from tests.browser.browser import Browser
from tests.fakes.notices import BEGAN, FAILING, a_finding, a_group_notice, a_notice, members
from tests.pictures import digests
from tests.pictures.camera import STYLES

_URL = PublicUrl("https://probe.example.com")
_HEIGHT = 900
PARTLY = [*FAILING[:2], a_finding("fr-par"), a_finding("nl-ams", slow=1.2), a_finding("br-sao", slow=8)]


def _incident(change: str, evidence: list[LocationFinding], severity: str = "down", reason: str = "") -> Notice:
    return a_notice(
        change,
        severity=severity,
        reason=reason or "3 of 3 countries fail: 2 cannot connect: refused, 1 timeout (greeting)",
        evidence=evidence,
    )


_STORM = [("mx.example.com (192.0.2.1)", 120), ("Hôtel Paris: timeout", 57), ("imap.example.org (2001:db8::1)", 37)]
NOTICES: dict[str, Notice] = {
    "mail-down": _incident("opened", FAILING),
    "mail-partly-down": _incident(
        "opened", PARTLY, "partial", "2 of 5 countries cannot connect: refused; BR, FR and NL pass"
    ),
    "mail-up-again": _incident(
        "resolved", [a_finding("de-nbg"), a_finding("us-ash", slow=5)], reason="2 of 2 countries pass"
    ),
    "mail-group": a_group_notice(38, members(8)),
    "mail-group-over": a_group_notice(39, members(5, "resolved"), over=True, still_open=0, ended=39),
    "mail-storm": a_group_notice(
        214,
        members(6, cause="Hôtel Paris: timeout"),
        kind="storm",
        cause="many causes at once",
        causes=_STORM,
        still_open=214,
    ),
    "mail-digest": digests.WEEKLY,
    "mail-digest-of-quiet-hours": digests.QUIET,
    "mail-to-operators": PlainNotice(
        title="Locations br-sao and jp-tyo are silent",
        paragraphs=["No agent of these locations has reported for 3 minutes.", "Monitors there are not checked."],
        at=BEGAN,
        path="/locations",
    ),
}


def take(browser: Browser, names: Iterable[str], folder: Path) -> None:
    """Write `mail-style.png` of each of these mails and style."""
    with TemporaryDirectory() as pages:
        for name in names:
            page = Path(pages) / f"{name}.html"
            ack_link = f"https://probe.example.com/ack/{'x' * 22}"
            leave = ack_link.replace("ack", "unsubscribe") if isinstance(NOTICES[name], ReportNotice) else None
            page.write_text(
                render(NOTICES[name], _URL, ack_link=ack_link, unsubscribe_link=leave).html, encoding="utf-8"
            )
            for style in STYLES:
                browser.emulation.media(dark=style.dark, still=True)
                browser.emulation.width(style.width, _HEIGHT, touch=style.name == "phone")
                browser.open(page.as_uri())
                (folder / f"{name}-{style.name}.png").write_bytes(browser.picture())
    browser.emulation.reset()
