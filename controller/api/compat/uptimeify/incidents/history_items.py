"""Incidents and alerts in Uptimeify's shape (docs/compatibility.md, U24)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from controller.http.timestamps import Timestamp, timestamp
from controller.model import Alert, Incident


class IncidentItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`status` is active (then `endedAt` is null) or resolved; moments are as the vendor displays them, in UTC.
    `verdict` is down, or partial where only some locations fail; `details` is the reason when it began.
    """

    id: int
    public_id: UUID
    type: str
    status: str
    started_at: str
    ended_at: str | None
    duration: str
    duration_ms: int
    is_ongoing: bool
    verdict: str
    details: str


class IncidentHistory(msgspec.Struct, frozen=True, kw_only=True):
    incidents: list[IncidentItem]
    total: int


class AlertItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`type` is the channel's; `status` is sent, or failed with the reason in `errorMessage`."""

    id: int
    incident_id: int
    type: str
    status: str
    channel_name: str
    sent_at: Timestamp
    error_message: str | None


class AlertHistory(msgspec.Struct, frozen=True, kw_only=True):
    alerts: list[AlertItem]
    total: int


def incident_item(incident: Incident, now: datetime) -> IncidentItem:
    lasted = (incident.ended_at or now) - incident.started_at
    return IncidentItem(
        id=incident.id,
        public_id=incident.public_id,
        type=incident.type,
        status="active" if incident.ended_at is None else "resolved",
        started_at=_displayed(incident.started_at),
        ended_at=_displayed(incident.ended_at) if incident.ended_at else None,
        duration=_duration(lasted),
        duration_ms=lasted // timedelta(milliseconds=1),
        is_ongoing=incident.ended_at is None,
        verdict=incident.severity,
        details=incident.reason,
    )


def alert_item(alert: Alert) -> AlertItem:
    return AlertItem(
        id=alert.id,
        incident_id=alert.incident_id,
        type=alert.channel_type,
        status="sent" if alert.error_message is None else "failed",
        channel_name=alert.channel_name,
        sent_at=timestamp(alert.sent_at),
        error_message=alert.error_message,
    )


def _displayed(at: datetime) -> str:
    """As `Feb 26, 2026, 12:10:00`, whatever the locale of this process."""
    at = at.astimezone(UTC)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.month - 1]
    return f"{month} {at.day}, {at.year}, {at:%H:%M:%S}"


def _duration(lasted: timedelta) -> str:
    """As `2m 30s`: whole seconds, without leading units of zero."""
    minutes, seconds = divmod(max(0, lasted // timedelta(seconds=1)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    while len(parts) > 1 and not parts[0][0]:
        del parts[0]
    return " ".join(f"{number}{unit}" for number, unit in parts)
