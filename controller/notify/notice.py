"""What a receiver is to be told, as it is kept until everybody was told: facts, not yet words. No secret is in it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec


class Witness(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one location saw, in words: `saw` as in "cannot connect: refused"."""

    location: str
    country: str
    saw: str


class AboutMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    name: str
    kind: str
    hostname: str
    port: int | None = None


class AboutCustomer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    name: str


class IncidentNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="incident"):
    """A change of an incident, at the moment `at`. `change` is opened, escalated, eased, flapping or resolved."""

    change: str
    severity: str
    reason: str
    at: datetime
    incident_id: int
    incident_public_id: UUID
    outage_started_at: datetime
    started_at: datetime
    monitor: AboutMonitor
    customer: AboutCustomer
    organization: str
    time_zone: str = "UTC"
    resolved_at: datetime | None = None
    evidence: list[Witness] = []

    @property
    def over(self) -> bool:
        return self.change == "resolved"

    @property
    def closed(self) -> bool:
        """Whether it is over because somebody said so, or nobody watches any more: no location saw its end."""
        return self.over and not self.evidence

    @property
    def gist(self) -> str:
        """What a text message says besides its subject."""
        return self.reason


class PlainNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="plain"):
    """A title and paragraphs: a test of a channel, or something for ops. `over` ends what another one began, which
    carried the same `subject_id`.
    """

    title: str
    paragraphs: list[str]
    at: datetime
    time_zone: str = "UTC"
    over: bool = False
    subject_id: str | None = None

    @property
    def gist(self) -> str:
        return self.paragraphs[0] if self.paragraphs else ""


Notice: TypeAlias = IncidentNotice | PlainNotice
