"""Digests as people get them: a weekly one with everything in it, and the one at the end of quiet hours."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from controller.notify.digest_notice import DigestNotice, DigestOutage
from controller.notify.report_notice import ReportExpiry, ReportNoise, ReportNotice, ReportOutage, ReportWarning
from tests.fakes.notices import BEGAN

_ID = UUID("44444444-0000-4000-8000-000000000001")
_NOW = BEGAN + timedelta(hours=19)
_LONG = "Relay of a partner with a very long name for a mail server <b>bold</b>"


def _outage(monitor: str, customer: str, cause: str, hours: float, lasted: float | None = None) -> ReportOutage:
    began = _NOW - timedelta(hours=hours)
    return ReportOutage(
        incident_public_id=_ID,
        monitor=monitor,
        customer=customer,
        severity="partial" if monitor == "Mailboxes" else "down",
        cause=cause,
        began=began,
        ended=None if lasted is None else began + timedelta(hours=lasted),
    )


def _held(monitor: str, customer: str, reason: str, hours: float, lasted: float | None = None) -> DigestOutage:
    began = _NOW - timedelta(hours=hours)
    return DigestOutage(
        incident_public_id=_ID,
        monitor=monitor,
        customer=customer,
        severity="partial",
        reason=reason,
        began=began,
        ended=None if lasted is None else began + timedelta(hours=lasted),
    )


WEEKLY = ReportNotice(
    frequency="weekly",
    at=_NOW,
    since=_NOW - timedelta(days=7),
    scope="Example Ltd, 214 monitors",
    time_zone="Europe/Berlin",
    organization="Example Ltd",
    uptime=99.87,
    wrong=[
        _outage("Outbound relay", "Acme Logistics", "smtp.example.com (192.0.2.1): refused", 3.2),
        _outage("Mailboxes", "Acme Logistics", "timeout (greeting)", 26),
    ],
    ended=[
        _outage("Hotel reservations", "Blue Harbour Hotels", "mail.blueharbour.example: timeout", 50, 0.4),
        _outage(_LONG, "City of Northfield", "certificate not valid for this name", 120, 7),
    ],
    expiring=[
        ReportExpiry(monitor_public_id=_ID, monitor="Hotel mailboxes", expires_at=_NOW - timedelta(hours=5)),
        ReportExpiry(monitor_public_id=_ID, monitor="Council newsletter", expires_at=_NOW + timedelta(days=5)),
    ],
    warnings=[
        ReportWarning(
            monitor_public_id=_ID,
            monitor="Scanner inbox",
            warning="tls weak: TLSv1.1",
            locations=3,
            remedy="Switch TLS 1.2 and 1.3 on, with ECDHE ciphers.",
        ),
        ReportWarning(
            monitor_public_id=_ID,
            monitor="Inbound mail exchanger",
            warning="downgrade suspected: only JP is not offered STARTTLS",
            locations=1,
        ),
    ],
    noisy=[ReportNoise(monitor_public_id=_ID, monitor="Citizens' office", incidents=14, flapping=True)],
    number_wrong=2,
    number_ended=31,
    number_expiring=2,
    number_warnings=2,
    number_noisy=1,
)
QUIET = DigestNotice(
    title="Quiet hours: 1 outage lasts, 2 are over",
    at=_NOW,
    since=_NOW - timedelta(hours=9),
    time_zone="Europe/Berlin",
    organization="Example Ltd",
    wrong=[_held("Outbound relay", "Acme Logistics", "2 of 5 countries cannot connect: refused; BR passes", 3.2)],
    ended=[
        _held("Hotel reservations", "Blue Harbour Hotels", "1 of 5 countries timeout (greeting)", 8, 0.4),
        _held(_LONG, "City of Northfield", "3 of 5 countries fail: certificate not valid for this name", 8.5, 7),
    ],
)
