"""One result of `GET /api/results`. Its names are those of result events, so a reader of both learns them once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.v1.failures import ExplainedFailure, explained
from controller.http.timestamps import Timestamp, timestamp
from controller.store.checks.result_history import HistoryRecord
from shared.wire.failures import CheckWarning, Phase
from shared.wire.messages import PhaseTiming, ResultStatus
from shared.wire.rounds import Purpose
from shared.wire.targets import KINDS


class ResultItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of one check. `status` is unknown where the fault was our own. `dueAt` is the moment of its round,
    `timings` are milliseconds of `phases` by name, a repeated phase summed. Customer and name are the monitor's present
    ones. `facts` are what the check learnt (banner, TLS version, certificate …). `loopLagMs` is the longest delay of
    the agent's own event loop during the check, `kernelRttMs` the round trip to the server as its kernel measured it.
    With `loginWithheld` no login was tried, because the server had refused the same login before. `detail` is
    what only checks of this kind find out, an object with that `kind`, or null. With `rounded`, as checks are that
    passed hours ago, milliseconds are off by up to 1.25 %, `startMs` perhaps by 0.1. Dialogues are in the check
    history.
    """

    check_id: UUID
    customer_id: UUID
    monitor_id: UUID
    monitor_name: str
    kind: str
    location: str
    country: str
    agent: str
    purpose: Purpose
    status: ResultStatus
    due_at: Timestamp
    started_at: Timestamp
    duration_ms: float
    failure: ExplainedFailure | None
    phases: list[PhaseTiming]
    timings: dict[Phase, float]
    warnings: list[CheckWarning]
    address: Annotated[str | None, Meta(description="Where it connected; null: it did not get that far.")]
    facts: dict[str, Any]
    loop_lag_ms: float | None
    kernel_rtt_ms: float | None
    login_withheld: bool
    detail: dict[str, Any] | None
    rounded: bool


class ResultPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`nextCursor` is null at the end only: a page whose results take long to find may hold fewer than `limit`. Of
    checks that were due before `keptSince`, failed ones are not kept, and others only if they are `rounded`.
    """

    results: list[ResultItem]
    next_cursor: str | None
    kept_since: Timestamp


def result_item(found: HistoryRecord) -> ResultItem:
    return ResultItem(
        check_id=found.check_id,
        customer_id=found.customer,
        monitor_id=found.monitor,
        monitor_name=found.monitor_name,
        kind=found.kind,
        location=found.location,
        country=found.country,
        agent=found.agent,
        purpose=found.purpose,
        status=found.status,
        due_at=timestamp(found.due_at),
        started_at=timestamp(found.started_at),
        duration_ms=round(found.duration_ms, 3),
        failure=explained(found.failure),
        phases=found.phases,
        timings=summed(found.phases),
        warnings=found.warnings,
        address=found.address,
        facts=found.facts,
        loop_lag_ms=rounded(found.loop_lag_ms),
        kernel_rtt_ms=rounded(found.kernel_rtt_ms),
        login_withheld=found.login_withheld,
        detail=found.detail,
        rounded=found.rounded,
    )


def summed(phases: Iterable[PhaseTiming]) -> dict[Phase, float]:
    """Milliseconds by phase; a repeated phase is summed."""
    timings: dict[Phase, float] = {}
    for timing in phases:
        timings[timing.phase] = timings.get(timing.phase, 0.0) + timing.duration_ms
    return {phase: round(milliseconds, 3) for phase, milliseconds in timings.items()}


def rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)


EXAMPLE: dict[str, Any] = {
    "results": [
        {
            "checkId": "6f7d2a3e-1c55-5b0e-9d7a-0a1b2c3d4e5f",
            "customerId": "11111111-1111-4111-8111-111111111111",
            "monitorId": "33333333-3333-4333-8333-333333333333",
            "monitorName": "MX of example.com",
            "kind": KINDS[0],
            "location": "de-nbg",
            "country": "DE",
            "agent": "host-1",
            "purpose": "scheduled",
            "status": "failure",
            "dueAt": "2026-01-01T12:00:00.000Z",
            "startedAt": "2026-01-01T12:00:00.012Z",
            "durationMs": 15.208,
            "failure": {
                "kind": "refused",
                "source": "target",
                "phase": "connect",
                "detail": "connection refused",
                "help": "/help/refused",
            },
            "phases": [
                {"phase": "resolve", "startMs": 0.1, "durationMs": 3.1},
                {"phase": "connect", "startMs": 3.2, "durationMs": 12.0},
            ],
            "timings": {"resolve": 3.1, "connect": 12.0},
            "warnings": [],
            "address": "192.0.2.25",
            "facts": {},
            "loopLagMs": 0.4,
            "kernelRttMs": None,
            "loginWithheld": False,
            "detail": None,
            "rounded": False,
        }
    ],
    "nextCursor": "gAAAAABn",
    "keptSince": "2025-12-02T00:00:00.000Z",
}
