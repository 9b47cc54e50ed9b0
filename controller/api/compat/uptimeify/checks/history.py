"""The items of a check history in Uptimeify's shape, with fields of our own (docs/compatibility.md, U17)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.api.compat.uptimeify.made_structs import Total, made_struct
from controller.http.timestamps import Timestamp, timestamp
from controller.model import CheckRecord
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import TranscriptLine


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check. `timings` are milliseconds by phase; `status` is unknown where the fault was our own.

    `transcript` is the dialogue of a check that failed or has a new warning, with secrets replaced. `loopLagMs` is the
    longest delay of the agent's own event loop during the check, `kernelRttMs` the round trip to the server as the
    agent's kernel measured it. With `loginWithheld` no login was tried, because the server had refused the same login
    before. `detail` is what only checks of this kind find out.
    """

    id: UUID
    status: str
    error_message: str | None
    warning_message: str | None
    diagnostics: dict[str, Any] | None
    checked_at: Timestamp
    location_id: int
    location_name: str
    location_code: str
    country_code: str
    timings: dict[str, float]
    failure: Failure | None
    warnings: list[CheckWarning]
    scheduled_at: Timestamp
    purpose: str
    loop_lag_ms: float | None
    kernel_rtt_ms: float | None
    login_withheld: bool
    transcript: list[TranscriptLine] | UnsetType = UNSET
    detail: dict[str, Any] | UnsetType = UNSET


class CheckHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a group of routes, whose items have the group's own name of the total."""


def history_of(stem: str, timing: str) -> tuple[type[CheckHistory], type[HistoryItem]]:
    """The answer of a group of routes and its items, whose total is the field `timing`."""
    doc = f"`{timing}` is the total, in whole milliseconds."
    item = made_struct(f"{stem}HistoryItem", HistoryItem, {timing: Total}, doc=doc)
    return made_struct(f"{stem}History", CheckHistory, {"data": list[item]}), item  # type: ignore[valid-type]


def item_fields(check: CheckRecord) -> dict[str, Any]:
    """The fields that the items of all groups share."""
    return {
        "id": check.check_id,
        "status": check.status.value,
        "error_message": error_message(check),
        "warning_message": "; ".join(warning.detail or warning.kind.value for warning in check.warnings) or None,
        "diagnostics": diagnostics(check),
        "checked_at": checked_at(check),
        "location_id": check.location_id,
        "location_name": check.location_name,
        "location_code": check.location_code,
        "country_code": check.country_code,
        "timings": timings(check),
        "failure": check.failure,
        "warnings": check.warnings,
        "scheduled_at": timestamp(check.due_at),
        "purpose": check.purpose.value,
        "loop_lag_ms": None if check.loop_lag_ms is None else round(check.loop_lag_ms, 3),
        "kernel_rtt_ms": None if check.kernel_rtt_ms is None else round(check.kernel_rtt_ms, 3),
        "login_withheld": check.login_withheld,
        "transcript": check.transcript or UNSET,
        "detail": check.detail or UNSET,
    }


def error_message(check: CheckRecord) -> str | None:
    return (check.failure.detail or check.failure.kind.value) if check.failure else None


def checked_at(check: CheckRecord) -> Timestamp:
    """The moment at which the check ended."""
    return timestamp(check.started_at + timedelta(milliseconds=check.duration_ms))


def timings(check: CheckRecord) -> dict[str, float]:
    """Milliseconds by phase; a repeated phase is summed."""
    summed: dict[str, float] = defaultdict(float)
    for timing in check.phases:
        summed[timing.phase.value] += timing.duration_ms
    return {phase: round(milliseconds, 3) for phase, milliseconds in summed.items()}


def diagnostics(check: CheckRecord) -> dict[str, Any] | None:
    return {**({"address": check.address} if check.address else {}), **check.facts} or None
