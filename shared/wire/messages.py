"""What travels between controller, agents and subscribers, as JSON with camelCase names.

The wire only grows: new fields have defaults, nothing is retyped or reused, unknown fields are ignored.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from shared.wire.failures import CheckWarning, Failure, FailureSource, Open, Phase
from shared.wire.rounds import Purpose
from shared.wire.targets import Target

Fact: TypeAlias = "str | int | float | bool | list[str] | None"

# Descriptions are for the AsyncAPI document: they change neither what is read and written nor how fast.
Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]
LocationCode: TypeAlias = Annotated[str, Meta(description="The code of the location.", examples=["de-nbg"])]
CountryCode: TypeAlias = Annotated[str, Meta(description="Where that is: ISO 3166-1 alpha-2.", examples=["DE"])]


def described(description: str) -> Meta:
    """What a field means, in the words of the document that subscribers read."""
    return Meta(description=description)


class ResultStatus(StrEnum):
    """How a check ended. `unknown` is a fault of our own: the location was blind, nothing is said of the server."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"  # the fault was our own: the location was blind


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check to run at one location. `sealed_login` is a login sealed to that location (shared.sealing), to the
    newest of its keys; `older_sealed_logins` are the same, for agents that still have another.
    """

    check_id: UUID
    monitor_id: UUID
    location: str
    country: str
    purpose: Purpose
    due_at: Moment
    start_by: Moment
    timeout_seconds: float
    target: Target
    sealed_login: bytes | None = None
    older_sealed_logins: list[bytes] = []

    @property
    def sealed_logins(self) -> list[bytes]:
        """The login as sealed to each key; nothing when there is none."""
        return [] if self.sealed_login is None else [self.sealed_login, *self.older_sealed_logins]


class PhaseTiming(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When a phase began, counted from the start of the check, and how long it took; milliseconds."""

    phase: Phase
    start_ms: Annotated[float, described("Milliseconds from the start of the check to that of the phase.")]
    duration_ms: Annotated[float, described("Milliseconds the phase took; of the failed one, until it failed.")]


class Speaker(StrEnum):
    """Who said a line: our client, the mail server, or a note of what happened in between, as a TLS handshake."""

    CLIENT = "client"
    SERVER = "server"
    NOTE = "note"


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of a dialogue, milliseconds after the check began; printable, its secrets replaced."""

    at_ms: Annotated[float, described("Milliseconds after the start of the check.")]
    speaker: Speaker
    text: Annotated[str, described("The line without its end; a password or token in it is replaced by asterisks.")]


LONGEST_TRANSCRIPT = 16 * 1024
"""Bytes of text a transcript has at most (UTF-8); what is left out of a longer one is said in a note."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one check found. It passed when `failure` is None. Never carries a secret."""

    check_id: Annotated[UUID, described("Of this monitor, due moment, location and purpose: the same in every repeat.")]
    monitor_id: UUID
    location: LocationCode
    country: CountryCode
    agent: Annotated[str, described("The name of the process at the location that ran the check.")]
    purpose: Purpose
    due_at: Annotated[Moment, described("The moment of the round; the same at all its locations.")]
    started_at: Annotated[Moment, described("When the agent began, after waiting for its turn at the server.")]
    duration_ms: Annotated[float, described("Milliseconds of the whole check, from resolving the name to the goodbye.")]
    failure: Annotated[Failure | None, described("Null when the check passed.")] = None
    phases: Annotated[list[PhaseTiming], described("In the order they began; one that did not is absent.")] = []
    warnings: Annotated[list[CheckWarning], described("What is worth telling of a check, passed or not.")] = []
    address: Annotated[str | None, described("The IP address the check connected to; null when to none.")] = None
    facts: Annotated[dict[str, Fact], described("What the probe learnt of the server, by name.")] = {}
    transcript: Annotated[
        list[TranscriptLine], described("The dialogue, secrets replaced, at most 16 KiB; with a failure or a warning.")
    ] = []
    loop_lag_ms: Annotated[
        float, described("Milliseconds the agent itself ran late at worst meanwhile: timings are no truer than that.")
    ] = 0.0
    kernel_rtt_ms: Annotated[
        float | None, described("Milliseconds of the round trip at connect, by the kernel's measure; null if unknown.")
    ] = None
    login_withheld: Annotated[
        bool, described("No login was tried, because the same was refused before: the failure is that of the last try.")
    ] = False

    @property
    def status(self) -> ResultStatus:
        if self.failure is None:
            return ResultStatus.SUCCESS
        return ResultStatus.FAILURE if self.failure.source is FailureSource.TARGET else ResultStatus.UNKNOWN


class Unfitness(Open):
    """Why an agent cannot do some checks, as it found out by itself."""

    PORT25_BLOCKED = "port25_blocked"  # nothing beyond its network answers on port 25
    NO_IPV4 = "no_ipv4"
    NO_IPV6 = "no_ipv6"
    RESOLVER_BROKEN = "resolver_broken"  # the control name cannot be resolved
    UNKNOWN = "unknown"


AgentText: TypeAlias = Annotated[str, Meta(max_length=128, pattern=r"\A[ -~]*\Z")]
AgentNumber: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]
"""What an agent tells of itself is kept and shown as it is, and it may be anybody who has the location's file."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent's sign of life, sent on connect and then every HEARTBEAT_SECONDS.

    `running` checks are in a dialogue, `waiting` ones are in hand but not begun; `capacity` is how many both may be at
    present. `loop_lag_ms` is the p95 of the last half minute; `clock_offset_ms` is how far its clock is ahead of the
    broker's, None while it does not know. A controller answers with a ClockReading, signed together with this message:
    it has a new `nonce` each time, so that no answer is good for another.
    """

    agent: AgentText
    location: str
    country: str
    kinds: Annotated[list[AgentText], Meta(max_length=32)]
    version: AgentText
    started_at: Moment
    sent_at: Moment
    running: AgentNumber = 0
    waiting: AgentNumber = 0
    capacity: AgentNumber = 0
    loop_lag_ms: float = 0.0
    unfit: Annotated[list[Unfitness], Meta(max_length=32)] = []
    clock_offset_ms: float | None = None
    nonce: str = ""


class ClockReading(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a heartbeat: what the broker's clock showed when it came, to the millisecond. `signature` (that of
    shared.signing) is empty where no controller vouches for it.
    """

    now: Moment
    signature: str = ""


CLOCK_TOLERANCE_MS = 2000.0
"""An agent whose clock is off by more than this is shown to ops, and its moments are taken from the broker's."""

HEARTBEAT_SECONDS = 10.0
READY_SECONDS = 30.0
"""A location is ready while a heartbeat of one of its agents is younger than this."""


class EventType(StrEnum):
    """The last token of an event's subject."""

    RESULT = "result"
    VERDICT = "verdict"
    INCIDENT = "incident"


EventId: TypeAlias = Annotated[
    UUID, Meta(description="Unique among events of its type, and the same however often the event is published.")
]


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A result, as subscribers read it: a check at one location has ended. `event_id` is its check id.

    What verdict and incident events carry is in shared.verdicts.
    """

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Moment, described("When it was stored.")]
    status: ResultStatus
    result: CheckResult
    kind: Annotated[str, described("The kind of the monitor: smtp, imap or pop3.")] = ""
