"""The facts of a notification, stored until every receiver has it; texts are rendered later. It holds no secret."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType


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


class IncidentNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="incident"):
    """A change of an incident at the time `at`. `change` is opened, escalated, eased, flapping or resolved."""

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
        return self.reason


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
