"""The messages between controller, agents and subscribers, as JSON with camelCase names.

The format only grows: new fields have defaults, no field changes its type or meaning, unknown fields are ignored.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.wire.failures import CheckWarning, Failure, FailureSource, OpenEnum, Phase
from shared.wire.rounds import Purpose
from shared.wire.targets import KINDS_TEXT, ONLY_LOGIN, Target

Fact: TypeAlias = "str | int | float | bool | list[str] | None"

# Descriptions are for the AsyncAPI document: they affect neither reading nor writing.
Timestamp: TypeAlias = Annotated[datetime, Meta(tz=True)]
LocationCode: TypeAlias = Annotated[str, Meta(description="The code of the location.", examples=["de-nbg"])]
CountryCode: TypeAlias = Annotated[str, Meta(description="Its country: ISO 3166-1 alpha-2.", examples=["DE"])]


def described(description: str) -> Meta:
    """The description of a field in the AsyncAPI document, which subscribers read."""
    return Meta(description=description)


class ResultStatus(StrEnum):
    """How a check ended. `unknown`: the fault was our own, so the location was blind and the server may be fine."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class SealedLogin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A login by its name in the target's LOGINS, sealed to each key of the location (shared.wire.sealing), the newest
    first.
    """

    name: str
    sealed: list[bytes]


UNREADABLE_LOGIN = b""
"""No key opens it. In a request with `logins` it is `sealed_login`, so that an agent that does not read them reports
that it cannot open the login, instead of checking without one.
"""


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check to run at one location. `logins` are those that the check uses here. An agent whose heartbeat does not
    announce LOGINS reads `sealed_login`, the only login sealed to the location's newest key, and `older_sealed_logins`,
    the same login sealed to its older keys. With `want_transcript` the result has its transcript in any case. Without
    `dialogue`, as in most canaries, the agent answers at once and makes no connection.
    """

    check_id: UUID
    monitor_id: UUID
    location: str
    country: str
    purpose: Purpose
    due_at: Timestamp
    start_by: Timestamp
    timeout_seconds: float
    target: Target
    sealed_login: bytes | None = None
    older_sealed_logins: list[bytes] = []
    want_transcript: bool = False
    dialogue: bool = True
    logins: list[SealedLogin] = []

    @property
    def sealed_logins(self) -> dict[str, list[bytes]]:
        """Each login by its name, sealed to each key of the location."""
        if self.logins or self.sealed_login is None:
            return {each.name: each.sealed for each in self.logins}
        return {ONLY_LOGIN: [self.sealed_login, *self.older_sealed_logins]}

    def without_logins(self) -> Self:
        return msgspec.structs.replace(self, sealed_login=None, older_sealed_logins=[], logins=[])


class PhaseTiming(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When a phase began, relative to the start of the check, and how long it took; in milliseconds."""

    phase: Phase
    start_ms: Annotated[float, described("Milliseconds from the start of the check to the start of the phase.")]
    duration_ms: Annotated[float, described("Milliseconds that the phase took, or until it failed.")]


class Speaker(StrEnum):
    """Who sent a line: our client or the mail server. `note` is an event in between, such as a TLS handshake."""

    CLIENT = "client"
    SERVER = "server"
    NOTE = "note"


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of a dialogue with its time; it is printable, and its secrets are replaced."""

    at_ms: Annotated[float, described("Milliseconds after the start of the check.")]
    speaker: Speaker
    text: Annotated[str, described("The line without its end; a password or token in it is replaced by asterisks.")]


LONGEST_TRANSCRIPT = 16 * 1024
"""The most bytes of text in a transcript (UTF-8); a note in a longer one says how many lines are left out."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one check found. It passed if `failure` is None. It never holds a secret."""

    check_id: Annotated[UUID, described("Unique for monitor, due time, location and purpose; the same if repeated.")]
    monitor_id: UUID
    location: LocationCode
    country: CountryCode
    agent: Annotated[str, described("The name of the process at the location that ran the check.")]
    purpose: Purpose
    due_at: Annotated[Timestamp, described("When the round was due; the same at all its locations.")]
    started_at: Annotated[Timestamp, described("When the agent began, after waiting for a permit at the server.")]
    duration_ms: Annotated[float, described("Milliseconds of the whole check, from the name's resolution to its end.")]
    failure: Annotated[Failure | None, described("Null if the check passed.")] = None
    phases: Annotated[list[PhaseTiming], described("In the order in which they began; only those that began.")] = []
    warnings: Annotated[list[CheckWarning], described("The warnings of the check, whether it passed or not.")] = []
    address: Annotated[str | None, described("The IP address that the check connected to; null if none.")] = None
    facts: Annotated[dict[str, Fact], described("What the probe found out about the server, by name.")] = {}
    transcript: Annotated[
        list[TranscriptLine],
        described(
            "The dialogue without secrets, at most 16 KiB; for failures, warnings that differ from those of the check"
            " before, and some checks that passed."
        ),
    ] = []
    loop_lag_ms: Annotated[
        float, described("Milliseconds by which the agent itself ran late at worst: timings may be wrong by that much.")
    ] = 0.0
    kernel_rtt_ms: Annotated[
        float | None, described("Milliseconds of the round trip at connect, measured by the kernel; null if unknown.")
    ] = None
    login_withheld: Annotated[
        bool, described("No login was tried, because it was refused before: the failure is that of the last attempt.")
    ] = False
    detail: Annotated[
        Any,
        Meta(
            description="What a check of this kind found beyond the other fields, at most 32 KiB of JSON: an object"
            " whose `kind` says which fields it has; null if there is none.",
            extra_json_schema={"anyOf": [{"type": "object"}, {"type": "null"}]},
        ),
    ] = None

    @property
    def status(self) -> ResultStatus:
        if self.failure is None:
            return ResultStatus.SUCCESS
        return ResultStatus.FAILURE if self.failure.source is FailureSource.TARGET else ResultStatus.UNKNOWN


class Unfitness(OpenEnum):
    """Why an agent cannot run some checks, as it found out itself."""

    PORT25_BLOCKED = "port25_blocked"  # nothing beyond its network answers on port 25
    NO_IPV4 = "no_ipv4"
    NO_IPV6 = "no_ipv6"
    RESOLVER_BROKEN = "resolver_broken"  # the control name cannot be resolved
    UNKNOWN = "unknown"


AgentText: TypeAlias = Annotated[str, Meta(max_length=128, pattern=r"\A[ -~]*\Z")]
AgentNumber: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000)]
"""These limits protect the controller: it stores and shows an agent's data, and anybody with the file can send it."""


CANARY = "canary"
"""In `Heartbeat.reads`: the agent answers canaries (Purpose.CANARY)."""

LOGINS = "logins"
"""In `Heartbeat.reads`: the agent reads `CheckRequest.logins`."""

TRIAL = "trial"
"""In `Heartbeat.reads`: the agent runs trials (Purpose.TRIAL)."""


BATCHES = "batches"
"""In `Heartbeat.reads`: the agent reads several requests in a message; in `ClockReading.reads`: the controllers read
several results in one (shared.wire.batches).
"""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent's sign of life, sent on connect and then every HEARTBEAT_SECONDS.

    `running` checks are in their dialogue, `waiting` ones are accepted but not begun; `capacity` limits their sum at
    present. `loop_lag_ms` is the p95 of the last half minute; `clock_offset_ms` is how far the agent's clock is ahead
    of the broker's, None if unknown. A controller answers with a ClockReading that is signed together with this
    message; the new `nonce` in each heartbeat makes an answer valid for one heartbeat only. `reads` names what the
    agent understands beyond the first version of the wire.
    """

    agent: AgentText
    location: str
    country: str
    kinds: Annotated[list[AgentText], Meta(max_length=32)]
    version: AgentText
    started_at: Timestamp
    sent_at: Timestamp
    running: AgentNumber = 0
    waiting: AgentNumber = 0
    capacity: AgentNumber = 0
    loop_lag_ms: float = 0.0
    unfit: Annotated[list[Unfitness], Meta(max_length=32)] = []
    clock_offset_ms: float | None = None
    nonce: str = ""
    reads: Annotated[list[AgentText], Meta(max_length=32)] = []


class ClockReading(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a heartbeat: the broker's time when it came, to the millisecond. `signature` (shared.wire.signing)
    is empty if the controller does not vouch for the time. `reads` names what this controller understands beyond the
    first version of the wire. It is not signed: whoever could change it can withhold results anyway.
    """

    now: Timestamp
    signature: str = ""
    reads: list[str] = []


CLOCK_TOLERANCE_MS = 2000.0
"""An agent whose clock is off by more than this is reported to operators, and uses the broker's time instead."""

HEARTBEAT_SECONDS = 10.0
READY_SECONDS = 30.0
"""A location is ready while one of its agents has sent a heartbeat within this time."""


class EventType(StrEnum):
    """The last token of an event's subject."""

    RESULT = "result"
    VERDICT = "verdict"
    INCIDENT = "incident"
    GAP = "gap"
    MAINTENANCE = "maintenance"
    DELIVERY = "delivery"
    CONFIGURATION = "configuration"
    FACT = "fact"


EventId: TypeAlias = Annotated[
    UUID, Meta(description="Unique among the events of its type, and the same if the event is published again.")
]
EventSequence: TypeAlias = Annotated[
    int | UnsetType,
    Meta(
        description="The number of the event among those of its customer, or of its organization when it has no"
        " customer; each event has the next number. It is absent in replayed results."
    ),
]
Replayed: TypeAlias = Annotated[
    bool | UnsetType,
    Meta(
        description="True when it was read from the database, because the stream no longer has it; absent otherwise."
        " A replayed result has no transcript, and `occurredAt` is when its check ended."
    ),
]
Rounded: TypeAlias = Annotated[
    bool | UnsetType,
    Meta(
        description="True of a replayed result whose durations are within 1.25 %, and the starts of its phases within"
        " that or 0.1 ms, as those of checks that passed are some hours later; absent otherwise."
    ),
]


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A result event for subscribers: a check at one location has ended. `event_id` is its check id.

    Verdict and incident events are in shared.wire.events, all others in shared.wire.side_events.
    """

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When the result was stored.")]
    status: ResultStatus
    result: CheckResult
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET
    rounded: Rounded = UNSET
