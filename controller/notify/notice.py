"""The facts of a notification, stored until every receiver has it; texts are rendered later. It holds no secret."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.acknowledgement import WORDS, Lasts
from controller.notify.digest_notice import DigestNotice
from controller.notify.report_notice import ReportNotice
from controller.notify.time_zones import zone_of

MOST_MEMBERS = 50
"""The most incidents that a message about a group names."""
_NAMED_IN_SMS = 3


class PhaseFinding(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How long a phase of a check took, or until it failed. `phase` is its name for people."""

    phase: str
    duration_ms: float
    failed: bool = False


class LocationFinding(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one location found, as text: `finding` is for example "cannot connect: refused". `failure` is its kind of
    failure, empty when it met none. `ballot` is its vote; empty in notices of earlier versions. `total_ms` and `phases`
    are those of its check, where there was one in time.
    """

    location: str
    country: str
    finding: str = msgspec.field(name="saw")
    failure: str = ""
    ballot: str = ""
    total_ms: float | None = None
    phases: list[PhaseFinding] = []


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


class NoticeOnCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why somebody is told of an incident that nobody has taken: by a `step` (from 1 on) of an escalation policy, or
    without one as a reminder. `minutes` is how long it waits; `others` are the names of the first of `more` other
    incidents of the same group.
    """

    minutes: int
    step: int | None = None
    policy: str | None = None
    more: int = 0
    others: list[str] = []

    @property
    def more_text(self) -> str:
        """For example " (and 3 more)", or empty."""
        return f" (and {self.more} more)" if self.more else ""

    @property
    def waits(self) -> str:
        """For example "Nobody has taken it for 10 min"."""
        return f"Nobody has taken it for {self.minutes} min" if self.minutes else "Nobody has taken it yet"

    @property
    def why(self) -> str:
        """A sentence for people."""
        if self.step is None:
            it, them = (f"these {self.more + 1} incidents", "all of them") if self.more else ("it", "it")
            return f"Nobody has {it} now. Take {them} to get no more reminders."
        return f"{self.waits}: this is step {self.step} of the escalation policy {self.policy}."


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
    resolved; reminder for one that its receiver knows and nobody has taken. Of so many `dependents`, monitors that
    depend on this one, nobody is notified until it is over, if it is down.
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
    on_call: NoticeOnCall | None = None
    acknowledgement: NoticeAcknowledgement | None = None
    dependents: int = 0

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
        """The body of a text message; the headline is sent besides."""
        if self.on_call is not None:
            return f"{self.on_call.waits}: {self.reason}"
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


class GroupMember(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident in a message about a group. `change` is opened, escalated, eased, flapping or resolved; `cause` is
    its cause in words.
    """

    incident_public_id: UUID
    monitor: NoticeMonitor
    customer: str
    change: str
    severity: str
    reason: str
    cause: str
    outage_started_at: datetime
    resolved_at: datetime | None = None


class GroupNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="group"):
    """Incidents of one cause, or a storm of many causes, at the time `at`. `number` counts the incidents that this
    message adds (or, when `over`, that ended), `members` are the first MOST_MEMBERS (50) of them; `causes` counts
    incidents by cause, the most frequent first (20 at most). `still_open` counts all of the group that are open and
    that this receiver was notified of. `over`: the group has ended for this receiver; a partial end has over False and
    members with change resolved, and `ended` counts those that this message says have ended. `thread` is the incident
    of the first message to this receiver, `threads` are all that had messages of their own.
    """

    group_public_id: UUID
    kind: str  # cause or storm
    cause: str
    at: datetime
    opened_at: datetime
    number: int
    members: list[GroupMember]
    causes: list[tuple[str, int]]
    still_open: int
    organization: str
    time_zone: str = "UTC"
    over: bool = False
    ended: int = 0
    thread: UUID | None = None
    threads: list[UUID] = []

    @property
    def path(self) -> str:
        """The page about it, below the public URL."""
        return f"/incident-groups/{self.group_public_id}"

    @property
    def recovers(self) -> bool:
        """Whether it says only that incidents ended, all or some of them."""
        return self.over or not self.number

    @property
    def reported(self) -> int:
        """How many incidents the message is about."""
        return self.number if self.over else self.number + self.ended

    @property
    def sms_text(self) -> str:
        """The body of a text message: cause and first monitors, of a storm the first causes; the headline is sent
        besides.
        """
        if self.kind == "storm" and self.causes:
            return ", ".join(f"{cause} ({number:,})" for cause, number in self.causes[:_NAMED_IN_SMS])
        names = ", ".join(member.monitor.name for member in self.members[:_NAMED_IN_SMS])
        more = self.reported - min(len(self.members), _NAMED_IN_SMS)
        if not names:
            return self.cause
        return f"{self.cause}: {names} and {more:,} more" if more > 0 else f"{self.cause}: {names}"


Notice: TypeAlias = IncidentNotice | GroupNotice | PlainNotice | DigestNotice | ReportNotice
