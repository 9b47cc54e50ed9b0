"""The log of checks with its filters and pages. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.kinds import words_of
from controller.model import Monitor
from controller.operations.monitors.report import LoggedCheck, LogPage, LogPlace
from controller.pages.monitor.period import STATUS_WORDS, Address, place_text
from controller.pages.monitor.words import PURPOSES, check_path, outcome_of, warning_meanings
from shared.wire.failures import Failure
from shared.wire.messages import ResultStatus


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `words` are of this check by itself; `meaning` says what the failure is, and `detail` is what the
    server or the system said.
    """

    due_at: datetime
    location: str
    country: str
    purpose: str
    state: str
    words: str
    duration_ms: float
    rounded: bool
    meaning: str
    detail: str
    warnings: list[str]
    path: str


class LogChoice(msgspec.Struct, frozen=True):
    value: str
    name: str
    chosen: bool


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """`kept` is what the form of the filters sends besides them."""

    rows: list[LogRow]
    locations: list[LogChoice]
    statuses: list[LogChoice]
    purposes: list[LogChoice]
    filtered: bool
    older: str | None
    newer: str | None
    newest: str | None
    kept: dict[str, str]


def log_view(monitor: Monitor, page: LogPage, address: Address, locations: list[tuple[str, str]]) -> LogView:
    query = address.query
    checks = page.checks
    return LogView(
        rows=[_row(monitor, check) for check in checks],
        locations=_choices(query.get("location"), [(code, f"{country} · {code}") for code, country in locations]),
        statuses=_choices(query.get("status"), [(word, word) for word in STATUS_WORDS.values()]),
        purposes=_choices(query.get("purpose"), [(one.value, words) for one, words in PURPOSES.items()]),
        filtered=any(query.get(name) for name in ("location", "status", "purpose")),
        older=address.to(before=_place(checks[-1]), after=None) + "#log" if page.older and checks else None,
        newer=address.to(after=_place(checks[0]), before=None) + "#log" if page.newer and checks else None,
        newest=address.to(after=None, before=None) + "#log" if page.newer else None,
        kept={name: value for name, value in query.items() if name in ("range", "from", "to")},
    )


def _choices(chosen: str | None, known: list[tuple[str, str]]) -> list[LogChoice]:
    if chosen and chosen not in {value for value, _ in known}:
        known = [*known, (chosen, chosen)]
    return [LogChoice(value, name, value == chosen) for value, name in known]


def _place(check: LoggedCheck) -> str:
    return place_text(LogPlace(check.due_at, check.location_id, check.purpose))


def _row(monitor: Monitor, check: LoggedCheck) -> LogRow:
    state, words = outcome_of(check, monitor.kind)
    failure: Failure | None = check.failure if check.status is not ResultStatus.SUCCESS else None
    return LogRow(
        due_at=check.due_at,
        location=check.location,
        country=check.country,
        purpose=PURPOSES[check.purpose],
        state=state,
        words=words,
        duration_ms=check.duration_ms,
        rounded=check.rounded,
        meaning=words_of(monitor.kind).explained(failure).meaning if failure else "",
        detail=failure.detail if failure else "",
        warnings=warning_meanings(check),
        path=check_path(monitor.public_id, check),
    )
