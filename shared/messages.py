"""What travels between controller, agents and subscribers, as JSON with camelCase names.

The wire only grows: new fields have defaults, nothing is retyped or reused, unknown fields are ignored.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from shared.failures import CheckWarning, Failure, FailureSource, Phase
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


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one check found. It passed when `failure` is None. Never carries a secret.

    `address` is the IP address the check connected to; `facts` are what the probe learnt (banner, TLS version …).
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

    @property
    def status(self) -> ResultStatus:
        if self.failure is None:
            return ResultStatus.SUCCESS
        return ResultStatus.FAILURE if self.failure.source is FailureSource.TARGET else ResultStatus.UNKNOWN


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent's sign of life, sent on connect and then every HEARTBEAT_SECONDS."""

    agent: str
    location: str
    country: str
    kinds: list[str]
    version: str
    started_at: datetime
    sent_at: datetime


HEARTBEAT_SECONDS = 10.0
READY_SECONDS = 30.0
"""A location is ready while a heartbeat of one of its agents is younger than this."""


class EventType(StrEnum):
    RESULT = "result"


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What subscribers read. `event_id` is unique among events of its type; of a result it is the check id."""

    event_id: UUID
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: datetime
    status: ResultStatus
    result: CheckResult
