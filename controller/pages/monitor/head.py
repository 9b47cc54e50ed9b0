"""The top of the page: how the monitor is, why, since when, who has it, and what each location found last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.evaluation.late import late_ms
from controller.decisions.evaluation.quorum import Ballot
from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.monitors.display import display_state
from controller.kinds import has_form, label_of, words_of
from controller.kinds.servers import NamedServer, servers_of
from controller.model import Monitor, MonitorStatus
from controller.model.maintenance import Effect
from controller.operations.monitors.course import MonitorIncident, PastMaintenance
from controller.operations.monitors.report import LoggedCheck, ReportedMonitor
from controller.operations.monitors.situation import Situation, TriggeredAt
from controller.pages.monitor.words import check_path, outcome_of
from controller.pages.words.labels import label_path
from shared.epoch import to_datetime, to_ms
from shared.wire.messages import ResultStatus
from shared.wire.rounds import check_id

_BAD = frozenset({VerdictKind.DOWN, VerdictKind.PARTIAL})


class LocationNow(msgspec.Struct, frozen=True, kw_only=True):
    """The newest check of a location: its state, in words, and the path of the check."""

    location: str
    country: str
    name: str
    state: str
    words: str
    duration_ms: float | None
    due_at: datetime
    path: str


class HeadIncident(msgspec.Struct, frozen=True, kw_only=True):
    """`owner` has it `until` then (None: until it is resolved); None when nobody has it."""

    path: str
    since: datetime
    acknowledged: bool
    owner: str | None
    until: datetime | None
    flapping: bool


class HeadWindow(msgspec.Struct, frozen=True):
    """A window that holds now, and its page."""

    name: str
    path: str


class HeadMaintenance(msgspec.Struct, frozen=True, kw_only=True):
    """Until when the monitor's windows last; None: until somebody ends one. With `by_hand` it was begun without an end,
    on this page or by the monitor's status. `windows` are those that these people may see, and that hold at the end of
    the time shown.
    """

    suspended: bool
    until: datetime | None
    by_hand: bool
    windows: list[HeadWindow]


class LabelLink(msgspec.Struct, frozen=True, kw_only=True):
    """A label, and the list of the monitors that have it."""

    key: str
    value: str
    path: str


class MonitorHead(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict` differs from `state` where the monitor is in maintenance or disabled; `since` is that of the verdict.
    `meaning` says what it means for this kind, empty when it needs no saying. `failing` are countries, or locations
    where a country has several; who passes is in the reason. With `has_form` its kind can be edited in the dashboard.
    """

    public_id: UUID
    name: str
    servers: tuple[NamedServer, ...]
    kind: str
    customer: str
    state: str
    verdict: str | None
    since: datetime | None
    reason: str
    meaning: str
    failing: list[str]
    decisive: str | None
    incident: HeadIncident | None
    locations: list[LocationNow]
    has_form: bool
    maintenance: HeadMaintenance | None
    labels: list[LabelLink] = []


class TriggeredRow(msgspec.Struct, frozen=True, kw_only=True):
    location: str
    country: str
    state: str
    words: str
    duration_ms: float | None
    path: str | None


class TriggeredView(msgspec.Struct, frozen=True, kw_only=True):
    """A check that was triggered by hand, country by country. `waiting` is how many have not answered yet."""

    due_at: datetime
    due_ms: int
    rows: list[TriggeredRow]
    waiting: int


def _maintenance(monitor: Monitor, times: Sequence[PastMaintenance], now: datetime) -> HeadMaintenance | None:
    found = monitor.maintenance
    if found is None:
        return None
    by_hand = monitor.status is MonitorStatus.MAINTENANCE
    windows = [
        HeadWindow(one.window, f"/maintenance/{one.window_id}")
        for one in times
        if one.window and (one.to_at is None or one.to_at > now)
    ]
    return HeadMaintenance(
        suspended=found.effect is Effect.SUSPEND, until=found.until, by_hand=by_hand, windows=windows
    )


def head_view(report: ReportedMonitor, now: datetime) -> MonitorHead:
    monitor, situation = report.monitor, report.situation
    state = situation.state
    verdict = state.verdict if state else None
    return MonitorHead(
        public_id=monitor.public_id,
        name=monitor.name,
        servers=servers_of(monitor),
        kind=label_of(monitor.kind),
        customer=monitor.customer_name,
        state=display_state(monitor.status, verdict, in_maintenance=monitor.maintenance is not None),
        verdict=verdict.value if verdict else None,
        maintenance=_maintenance(monitor, report.course.maintenance, now),
        since=to_datetime(state.since_ms) if state and state.since_ms else None,
        reason=situation.unlocated or (state.reason if state else ""),
        meaning=words_of(monitor.kind).meaning(verdict.value if verdict else None),
        failing=_failing(monitor, situation) if verdict in _BAD else [],
        decisive=_decisive(monitor, situation),
        incident=_open(report.course.incidents),
        locations=[_now(monitor, one.check, one.location_name) for one in situation.latest],
        has_form=has_form(monitor.kind),
        labels=[LabelLink(key=one, value=value, path=label_path(one, value)) for one, value in _sorted(monitor)],
    )


def _sorted(monitor: Monitor) -> list[tuple[str, str]]:
    return sorted(monitor.labels.items())


def triggered_view(report: ReportedMonitor, due_at: datetime, now: datetime) -> TriggeredView:
    monitor = report.monitor
    too_late = to_ms(now) > late_ms(monitor, to_ms(due_at))
    rows = [_triggered(monitor, one, too_late) for one in report.situation.triggered or ()]
    waiting = sum(row.words == WAITING for row in rows)
    return TriggeredView(due_at=due_at, due_ms=to_ms(due_at), rows=rows, waiting=waiting)


WAITING = "is checking"


def _triggered(monitor: Monitor, one: TriggeredAt, too_late: bool) -> TriggeredRow:
    state, words, path, duration_ms = "unknown", WAITING, None, None
    if one.check is not None:
        state, words = outcome_of(one.check, monitor.kind)
        path, duration_ms = check_path(monitor.public_id, one.check), one.check.duration_ms
    elif one.missing or too_late:
        words = f"did not answer in time; the fault is ours, not the {words_of(monitor.kind).subject}'s"
    return TriggeredRow(
        location=one.location, country=one.country, state=state, words=words, duration_ms=duration_ms, path=path
    )


def _failing(monitor: Monitor, situation: Situation) -> list[str]:
    """Who failed in the evaluation that the open incident rests on, and did not fall silent since."""
    votes = situation.evidence.votes if situation.evidence else []
    by_country = len({vote.country for vote in votes}) == len(votes)
    oldest_ms = (situation.state.taken_ms if situation.state else 0) - monitor.interval_seconds * 1000
    reporting = {one.check.location for one in situation.latest if to_ms(one.check.due_at) >= oldest_ms}
    return sorted(
        vote.country if by_country else vote.location
        for vote in votes
        if vote.ballot == Ballot.FAILED and vote.location in reporting
    )


def _decisive(monitor: Monitor, situation: Situation) -> str | None:
    """The path of the check that the verdict rests on: a failed one of the evidence, else the newest that was not
    simply passed.
    """
    evidence = situation.evidence
    for vote in evidence.votes if evidence else ():
        if vote.ballot != Ballot.FAILED or evidence is None:
            continue
        due_ms = to_ms(evidence.due_at)
        if vote.check_id == check_id(monitor.public_id, due_ms, vote.location, evidence.purpose):
            return f"/monitors/{monitor.public_id}/checks/{vote.check_id}?due={due_ms}"
    for one in sorted(situation.latest, key=lambda latest: latest.check.status is not ResultStatus.FAILURE):
        if one.check.status is not ResultStatus.SUCCESS or one.check.warnings:
            return check_path(monitor.public_id, one.check)
    return None


def _open(incidents: list[MonitorIncident]) -> HeadIncident | None:
    found = next((one for one in incidents if one.resolved_at is None), None)
    if found is None:
        return None
    return HeadIncident(
        path=f"/incidents/{found.public_id}",
        since=found.outage_started_at,
        acknowledged=found.acknowledged_at is not None,
        owner=found.acknowledged_by,
        until=found.acknowledged_until,
        flapping=found.flapping,
    )


def _now(monitor: Monitor, check: LoggedCheck, name: str) -> LocationNow:
    state, words = outcome_of(check, monitor.kind)
    return LocationNow(
        location=check.location,
        country=check.country,
        name=name,
        state=state,
        words=words,
        duration_ms=check.duration_ms if check.status is ResultStatus.SUCCESS else None,
        due_at=check.due_at,
        path=check_path(monitor.public_id, check),
    )
