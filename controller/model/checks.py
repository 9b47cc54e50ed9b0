"""Results of checks, and the reasons why some checks have none."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import PhaseTiming, ResultStatus, TranscriptLine
from shared.wire.rounds import Purpose


class GapReason(StrEnum):
    """Why a check of a round has no result."""

    NO_AGENT = "no_agent"  # no agent of the location was ready when the round was due
    UNFIT = "unfit"  # every ready agent of the location reported that it cannot do such a check
    KIND_UNKNOWN = "kind_unknown"  # agents of the location were ready, and none of them knew this kind of check
    LATE = "late"  # the controllers were down or behind until it was too late to begin
    BROKER_REFUSED = "broker_refused"  # NATS was away, or could not store the request, until it was too late to begin
    MAINTENANCE = "maintenance"  # a maintenance window that suspends checks held when the round was due
    NO_RESULT = "no_result"  # handed to the broker, but no agent began it in time or its result never came


class LatestCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The latest finished check of a monitor at one location; `checked_at` is that of the latest one that was not
    blind.
    """

    monitor_id: int
    location_id: int
    due_at: datetime
    status: ResultStatus
    failure_kind: str | None
    checked_at: datetime | None


class CheckTiming(NamedTuple):
    """How long a check took, and its phases in order."""

    duration_ms: float
    phases: list[PhaseTiming]


class CheckRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored result of one check, with its location. Durations are milliseconds; `loop_lag_ms` is None in results
    that are older than this field. `detail` is that of its kind (shared.wire.details); a check that is kept beyond its
    result, to compare others with it, has none. The durations of a `rounded` one are off by up to 1.25 %, the starts
    of its phases perhaps by 0.1 ms.
    """

    check_id: UUID
    location_id: int
    location_code: str
    location_name: str
    country_code: str
    purpose: Purpose
    status: ResultStatus
    due_at: datetime
    started_at: datetime
    duration_ms: float
    agent: str
    address: str | None
    failure: Failure | None
    phases: list[PhaseTiming]
    warnings: list[CheckWarning]
    facts: dict[str, Any]
    transcript: list[TranscriptLine]
    loop_lag_ms: float | None
    kernel_rtt_ms: float | None
    login_withheld: bool
    detail: dict[str, Any] | None
    rounded: bool = False


class MissingCheck(NamedTuple):
    """A check of the round without a result. `reason` is a GapReason, or None while the result may still come."""

    location_code: str
    location_name: str
    country_code: str
    purpose: Purpose
    reason: str | None


class CheckPlace(NamedTuple):
    """Where a check is found: its id and the moment when it was due."""

    check_id: UUID
    due_at: datetime
    status: ResultStatus
