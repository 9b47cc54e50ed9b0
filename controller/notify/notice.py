"""The facts of a notification, stored until every receiver has it; texts are rendered later. It holds no secret."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.acknowledgement import WORDS, Lasts
from controller.notify.time_zones import zone_of


class LocationFinding(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one location found, as text: `finding` is for example "cannot connect: refused". `failure` is its kind of
    failure, empty when it met none.
    """

    location: str
    country: str
    finding: str = msgspec.field(name="saw")
    failure: str = ""


class NoticeMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`servers` are where its checks connect; unset for a kind that connects to one server, at host name and port."""

    id: int
    public_id: UUID
    name: str
    kind: str
    hostname: str
    port: int | None = None
    servers: list[str] | UnsetType = UNSET


class NoticeCustomer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    name: str


class NoticeMaintenance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The maintenance in which nobody was notified. It is not `confirmed` when no check since its end could show that
    the outage lasts.
    """

    since: datetime = msgspec.field(name="from")
    until: datetime = msgspec.field(name="to")
    confirmed: bool = True


class NoticeAcknowledgement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who took the incident, and how many others with it. `until` is None where it is taken until it is resolved."""

    by: str
    lasts: Lasts = msgspec.field(name="for")
    until: datetime | None
    comment: str = ""
    others: int = 0

    def headline(self, name: str) -> str:
        """For example "Taken by ann@example.com for 2 h: Mail of Paris and 37 more"."""
        span = WORDS[self.lasts] if self.until is None else f"for {WORDS[self.lasts]}"
        more = f" and {self.others:,} more" if self.others else ""
        return f"Taken by {self.by} {span}: {name}{more}"


class IncidentNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="incident"):
    """A change of an incident at the time `at`. `change` is opened, escalated, eased, flapping, acknowledged or
    resolved.
    """

    change: str
    severity: str
    reason: str
    at: datetime
    incident_id: int
    incident_public_id: UUID
    outage_started_at: datetime
    started_at: datetime
    monitor: NoticeMonitor
    customer: NoticeCustomer
    organization: str
    time_zone: str = "UTC"
    resolved_at: datetime | None = None
    evidence: list[LocationFinding] = []
    maintenance: NoticeMaintenance | None = None
    acknowledgement: NoticeAcknowledgement | None = None

    @property
    def path(self) -> str:
        """The page about it, below the public URL."""
        return f"/incidents/{self.incident_public_id}"

    @property
    def over(self) -> bool:
        return self.change == "resolved"

    @property
    def closed(self) -> bool:
        """Whether a person closed it, or the monitor is no longer checked: no check confirmed the end of the outage."""
        return self.over and not self.evidence

    @property
    def sms_text(self) -> str:
        """The body of a text message; the subject is sent besides."""
        return f"{self.reason}; {self.maintenance_text}" if self.maintenance_text else self.reason

    @property
    def maintenance_text(self) -> str:
        """For example "since 02:10, in maintenance until 04:00", or empty."""
        if self.maintenance is None:
            return ""
        began, ended = (
            moment.astimezone(zone_of(self.time_zone)) for moment in (self.outage_started_at, self.maintenance.until)
        )
        clock = "%H:%M" if began.date() == ended.date() else "%Y-%m-%d %H:%M"
        unconfirmed = "" if self.maintenance.confirmed else "; no check could confirm it since"
        return f"since {began:{clock}}, in maintenance until {ended:{clock}}{unconfirmed}"


class PlainNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="plain"):
    """A title and paragraphs: a test of a channel, or a message to ops. `over` marks the end of a problem that an
    earlier notice with the same `subject_id` reported. `path` is the page about it, below the public URL.
    """

    title: str
    paragraphs: list[str]
    at: datetime
    time_zone: str = "UTC"
    over: bool = False
    subject_id: str | None = None
    path: str | None = None

    @property
    def sms_text(self) -> str:
        return self.paragraphs[0] if self.paragraphs else ""


Notice: TypeAlias = IncidentNotice | PlainNotice
