"""What travels between controller, agents and subscribers, as JSON with camelCase names.

The wire only grows: new fields have defaults, nothing is retyped or reused, unknown fields are ignored.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from shared.failures import CheckWarning, Failure, FailureSource, Open, Phase
from shared.rounds import Purpose
from shared.targets import Target

Fact: TypeAlias = "str | int | float | bool | list[str] | None"


class ResultStatus(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"  # the fault was our own: the location was blind


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check to run at one location. `sealed_login` is a login sealed to that location (shared.sealing)."""

    check_id: UUID
    monitor_id: UUID
    location: str
    country: str
    purpose: Purpose
    due_at: datetime
    start_by: datetime
    timeout_seconds: float
    target: Target
    sealed_login: bytes | None = None


class PhaseTiming(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When a phase began, counted from the start of the check, and how long it took; milliseconds."""

    phase: Phase
    start_ms: float
    duration_ms: float


class Speaker(StrEnum):
    CLIENT = "client"
    SERVER = "server"
    NOTE = "note"  # what happened between the lines, as a TLS handshake


class TranscriptLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of a dialogue, milliseconds after the check began; printable, its secrets replaced."""

    at_ms: float
    speaker: Speaker
    text: str


LONGEST_TRANSCRIPT = 16 * 1024
"""Bytes of text a transcript has at most (UTF-8); what is left out of a longer one is said in a note."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one check found. It passed when `failure` is None. Never carries a secret.

    `address` is the IP address the check connected to; `facts` are what the probe learnt (banner, TLS version …);
    `transcript` comes with a failure or a warning. `loop_lag_ms` is how late the agent's own loop ran at worst
    meanwhile, `kernel_rtt_ms` the round trip the kernel measured at connect (Linux). With `login_withheld` no login was
    tried, because the same was refused before: the failure is that of the last try.
    """

    check_id: UUID
    monitor_id: UUID
    location: str
    country: str
    agent: str
    purpose: Purpose
    due_at: datetime
    started_at: datetime
    duration_ms: float
    failure: Failure | None = None
    phases: list[PhaseTiming] = []
    warnings: list[CheckWarning] = []
    address: str | None = None
    facts: dict[str, Fact] = {}
    transcript: list[TranscriptLine] = []
    loop_lag_ms: float = 0.0
    kernel_rtt_ms: float | None = None
    login_withheld: bool = False

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


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent's sign of life, sent on connect and then every HEARTBEAT_SECONDS.

    `running` checks are in a dialogue, `waiting` ones are in hand but not begun; `capacity` is how many both may be at
    present. `loop_lag_ms` is the p95 of the last half minute; `clock_offset_ms` is how far its clock is ahead of the
    broker's, None while it does not know. A controller answers with a ClockReading.
    """

    agent: str
    location: str
    country: str
    kinds: list[str]
    version: str
    started_at: datetime
    sent_at: datetime
    running: int = 0
    waiting: int = 0
    capacity: int = 0
    loop_lag_ms: float = 0.0
    unfit: list[Unfitness] = []
    clock_offset_ms: float | None = None


class ClockReading(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a heartbeat: what the broker's clock showed when it came."""

    now: datetime


CLOCK_TOLERANCE_MS = 2000.0
"""An agent whose clock is off by more than this is shown to ops, and its moments are taken from the broker's."""

HEARTBEAT_SECONDS = 10.0
READY_SECONDS = 30.0
"""A location is ready while a heartbeat of one of its agents is younger than this."""


class EventType(StrEnum):
    """The last token of an event's subject. What verdict and incident events carry: shared.verdicts."""

    RESULT = "result"
    VERDICT = "verdict"
    INCIDENT = "incident"


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A result, as subscribers read it. `event_id` is unique among events of its type: here it is the check id."""

    event_id: UUID
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: datetime
    status: ResultStatus
    result: CheckResult
