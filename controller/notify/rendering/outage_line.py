"""An outage as a line of a digest."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.model.values.public_url import PublicUrl
from controller.notify.rendering.content import ListLine
from controller.notify.words import clock_text, duration_text

_SEVERITIES = {"down": "down", "partial": "partly down"}


class DigestClock(NamedTuple):
    """When a digest is sent, and whose clock its times are of."""

    at: datetime
    time_zone: str


class ListedOutage(NamedTuple):
    """It lasts while `ended` is None."""

    incident_public_id: UUID
    monitor: str
    customer: str
    severity: str
    cause: str
    began: datetime
    ended: datetime | None


def outage_line(one: ListedOutage, clock: DigestClock, public_url: PublicUrl) -> ListLine:
    """For example "Office mail (Acme): down since 03:48, for 3 h 12 min: refused"."""
    began = clock_text(one.began, clock.time_zone, clock.at)
    lasted = duration_text((one.ended or clock.at) - one.began)
    if one.ended is None:
        when = f"since {began}, for {lasted}"
    else:
        when = f"from {began} to {clock_text(one.ended, clock.time_zone, one.began)}, {lasted}"
    words = f"{_SEVERITIES.get(one.severity, one.severity)} {when}"
    return ListLine(
        f"{one.monitor} ({one.customer})",
        public_url.link(f"/incidents/{one.incident_public_id}"),
        f"{words}: {one.cause}" if one.cause else words,
        one.ended is None,
    )
