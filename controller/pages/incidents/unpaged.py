"""What the page "Why nobody was paged" shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from controller.model import UnconfirmedRun
from controller.model.retention import UNCONFIRMED_DAYS
from controller.model.values.masking import masked
from controller.operations.incidents.notified import MOST_SILENT, Unpaged, UnpagedIncident
from controller.pages.incidents.timeline import EvaluationView, evaluation_view
from controller.pages.shell.texts import span
from controller.pages.words.incidents import silence_words

PER_PAGE = 50


class SilentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that nobody was notified of; `held_by` is that of the monitor that its monitor depends on."""

    public_id: UUID
    monitor: UUID
    monitor_name: str
    state: str
    word: str
    reason: str
    started_at: datetime
    held_by: UUID | None


class SilentGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents that nobody was notified of for the same reason: `why`, in sentences."""

    why: str
    incidents: list[SilentRow]


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """Failures without an incident; `ending` says how they ended, as far as that is known."""

    monitor: UUID
    monitor_name: str
    first_at: datetime
    last_at: datetime
    evaluations: int
    reason: str
    missing: str
    ending: str
    worst: EvaluationView


class UnpagedView(msgspec.Struct, frozen=True, kw_only=True):
    """`silent_limit` is how many of the incidents are shown; None when these are all."""

    monitor: str
    monitor_name: str | None
    silent: list[SilentGroup]
    silent_limit: int | None
    runs: list[RunRow]
    total: int
    first: int
    days: int
    previous: str | None
    following: str | None
    now: datetime


def unpaged_view(
    found: Unpaged, monitor: UUID | None, monitor_name: str | None, page: int, now: datetime
) -> UnpagedView:
    first = (page - 1) * PER_PAGE + 1
    return UnpagedView(
        monitor=str(monitor or ""),
        monitor_name=monitor_name,
        silent=_groups(found.incidents),
        silent_limit=MOST_SILENT if len(found.incidents) == MOST_SILENT else None,
        runs=[_run(one) for one in found.runs],
        total=found.total,
        first=first,
        days=UNCONFIRMED_DAYS,
        previous=_address(monitor, page - 1) if page > 1 else None,
        following=_address(monitor, page + 1) if found.total >= first + PER_PAGE else None,
        now=now,
    )


def _address(monitor: UUID | None, page: int) -> str:
    query = urlencode(({"monitor": monitor} if monitor else {}) | ({"page": page} if page > 1 else {}))
    return f"/incidents/unpaged?{query}" if query else "/incidents/unpaged"


def _groups(found: Sequence[UnpagedIncident]) -> list[SilentGroup]:
    """In the order of the latest incident of each reason."""
    groups: dict[str, list[SilentRow]] = {}
    for one in found:
        groups.setdefault(_why(one), []).append(_silent(one))
    return [SilentGroup(why=why, incidents=rows) for why, rows in groups.items()]


def _silent(found: UnpagedIncident) -> SilentRow:
    return SilentRow(
        public_id=found.public_id,
        monitor=found.monitor_public_id,
        monitor_name=found.monitor_name,
        state=found.severity if found.resolved_at is None else "up",
        word=found.severity if found.resolved_at is None else "resolved",
        reason=found.reason,
        started_at=found.started_at,
        held_by=found.nobody.held_by if found.nobody else None,
    )


def _why(found: UnpagedIncident) -> str:
    parts = [silence_words(found.nobody.silence, found.nobody.windows)] if found.nobody is not None else []
    for title, errors in (
        ("Failed for good", found.failed),
        ("Not sent", found.skipped),
        ("Waiting for another attempt", found.waiting),
    ):
        if errors:
            texts = "; ".join(masked(error) for error in errors if error)
            parts.append(f"{title}: {texts}." if texts else f"{title}.")
    if found.flapping:
        parts.append("The outage comes and goes; while the incident is held open, no further messages are made.")
    return " ".join(parts) or "It is not known why."


def _run(found: UnconfirmedRun) -> RunRow:
    return RunRow(
        monitor=found.monitor_public_id,
        monitor_name=found.monitor_name,
        first_at=found.first_at,
        last_at=found.last_at,
        evaluations=found.evaluations,
        reason=found.reason,
        missing=found.missing,
        ending=ending_words(found),
        worst=evaluation_view(found.evidence, found.monitor_public_id, found.monitor_kind),
    )


def ending_words(found: UnconfirmedRun) -> str:
    """How the failures ended: "The recheck 20 s later passed."."""
    if found.ended_at is None:
        return ""
    later = span(found.ended_at - found.last_at)
    match found.ended_by:
        case "incident":
            return "Then an incident was opened."
        case "recheck":
            return f"The recheck {later} later passed."
        case _:
            return f"The round {later} later passed."
