"""What the page of one check shows. Pure: made of what operations return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from controller.help.failure_help import help_path
from controller.kinds import label_of, words_of
from controller.kinds.servers import connects
from controller.model import CheckRecord
from controller.model.checks import CheckPlace
from controller.operations.results.single_checks import CheckDetails
from controller.pages.check import words
from controller.pages.check.command import command_note, command_of
from controller.pages.check.comparison import Difference, differences
from controller.pages.check.dialogue import Band, bands
from controller.pages.check.findings import FoundValue, findings
from controller.pages.drawing.waterfall import Axis, Segment, axis, segments
from shared.epoch import to_ms
from shared.wire.failures import FailureSource, Phase
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One location in the waterfall. `blind` says that its result tells nothing about the server; a missing result has
    no segments, no path and its reason as `outcome`.
    """

    code: str
    place: str
    path: str
    current: bool
    state: str
    outcome: str
    detail: str
    blind: bool
    duration_ms: float | None
    rounded: bool = False
    segments: list[Segment]


class Waterfall(msgspec.Struct, frozen=True, kw_only=True):
    """`phases` are those that occur, in the order of a check; a phase that occurs twice has two columns."""

    axis: Axis
    rows: list[Row]
    phases: list[str]
    columns: list[tuple[str, int]]


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """One dialogue. `outcome` ends it, at `ended_ms`; `decided` says that a line in it is the one that decided."""

    place: str
    due_at: datetime
    path: str
    bands: list[Band]
    state: str
    outcome: str
    detail: str
    ended_ms: float
    decided: bool
    silent: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`relation` says in words how the good check differs from the other one in time and place."""

    good: Talk
    bad: Talk
    relation: str
    differences: list[Difference]
    unreached: list[str]
    same: list[Difference]


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """`connects`: it connects to a server; `several`: to more than one. `findings` are what only its kind finds out."""

    connects: bool
    several: bool
    findings: list[FoundValue]
    monitor_name: str
    monitor_path: str
    kind: str
    subject: str
    phase_names: Mapping[Phase, str]
    place: str
    location_code: str
    check_id: str
    due_at: datetime
    started_at: datetime
    duration_ms: float
    rounded: bool
    purpose: str
    state: str
    outcome: str
    meaning: str
    step: str
    fault: str
    remedy: str
    help: str | None
    detail: str
    warnings: list[tuple[str, str, str]]
    withheld: bool
    agent: str
    address: str | None
    round_trip_ms: float | None
    lag_ms: float | None
    late: bool
    previous: str | None
    next: str | None
    incident: str | None
    incident_open: bool
    first_failed: str | None
    kept: str | None
    kept_at: datetime | None
    waterfall: Waterfall
    talk: Talk
    comparison: Comparison | None
    command: str | None
    command_note: str
    pending: bool


def check_view(details: CheckDetails) -> CheckView:
    check, monitor = details.check, details.monitor
    monitor_path = f"/monitors/{monitor.public_id}"
    meaning, step, fault, remedy = words.explained(check, monitor.kind)
    talk = _talk(monitor_path, check, monitor.kind)
    good = details.good
    failed = check.status is not ResultStatus.SUCCESS
    compared = good is not None and failed and bool(check.transcript)
    first = details.first_failed
    return CheckView(
        connects=connects(details.target),
        several=details.target is not None and len(details.target.endpoints) > 1,
        findings=findings(check, monitor.kind),
        monitor_name=monitor.name,
        monitor_path=monitor_path,
        kind=label_of(monitor.kind),
        subject=words_of(monitor.kind).subject,
        phase_names=words_of(monitor.kind).phase_names,
        place=_place(check),
        location_code=check.location_code,
        check_id=str(check.check_id),
        due_at=check.due_at,
        started_at=check.started_at,
        duration_ms=check.duration_ms,
        rounded=check.rounded,
        purpose=words.PURPOSES[check.purpose],
        state=words.state_of(check),
        outcome=words.outcome_of(check, monitor.kind),
        meaning=meaning,
        step=step,
        fault=fault,
        remedy=remedy,
        help=help_path(check.failure.kind) if check.failure else None,
        detail=check.failure.detail if check.failure else "",
        warnings=words.warned(check),
        withheld=check.login_withheld,
        agent=check.agent,
        address=check.address,
        round_trip_ms=check.kernel_rtt_ms,
        lag_ms=check.loop_lag_ms,
        late=words.runs_late(check),
        previous=_path(monitor_path, details.previous),
        next=_path(monitor_path, details.next),
        incident=f"/incidents/{details.incident.public_id}" if details.incident else None,
        incident_open=details.incident is not None and details.incident.ended_at is None,
        first_failed=None if first is None or first.check_id == check.check_id else path_of(monitor_path, first),
        kept=path_of(monitor_path, good) if good is not None and talk.silent else None,
        kept_at=good.due_at if good else None,
        waterfall=_waterfall(details, monitor_path),
        talk=talk,
        comparison=_comparison(monitor_path, monitor.kind, good, check, talk)
        if good is not None and compared
        else None,
        command=None
        if details.target is None
        else command_of(
            details.target, user=details.user, bearer=details.bearer, timeout_seconds=monitor.timeout_seconds
        ),
        command_note=command_note(details),
        pending=any(one.reason is None for one in details.missing),
    )


def path_of(monitor_path: str, check: CheckRecord | CheckPlace) -> str:
    """The page of a check."""
    return f"{monitor_path}/checks/{check.check_id}?due={to_ms(check.due_at)}"


def _path(monitor_path: str, place: CheckPlace | None) -> str | None:
    return None if place is None else path_of(monitor_path, place)


def _place(check: CheckRecord) -> str:
    return _named(check.location_name, check.country_code)


def _named(name: str, country: str) -> str:
    return country if name == country else f"{name} ({country})"


def _waterfall(details: CheckDetails, monitor_path: str) -> Waterfall:
    results = details.round
    names = words_of(details.monitor.kind).phase_names
    line = axis(_end(one) for one in results)
    rows = [
        Row(
            code=one.location_code,
            place=_place(one) + _purpose(one.purpose, details.check),
            path=path_of(monitor_path, one),
            current=one.check_id == details.check.check_id,
            state=words.state_of(one),
            outcome=words.outcome_of(one, details.monitor.kind),
            detail=one.failure.detail if one.failure else "",
            blind=one.failure is not None and one.failure.source is not FailureSource.TARGET,
            duration_ms=one.duration_ms,
            rounded=one.rounded,
            segments=segments(one.phases, one.failure.phase if one.failure else None, line, names),
        )
        for one in results
    ]
    rows += [
        Row(
            code=one.location_code,
            place=_named(one.location_name, one.country_code) + _purpose(one.purpose, details.check),
            path="",
            current=False,
            state="unknown",
            outcome=words.missing_words(one.reason),
            detail="",
            blind=False,
            duration_ms=None,
            segments=[],
        )
        for one in details.missing
    ]
    columns = _columns(results)
    return Waterfall(axis=line, rows=rows, phases=list(dict.fromkeys(name for name, _ in columns)), columns=columns)


def _purpose(purpose: Purpose, check: CheckRecord) -> str:
    return "" if purpose is check.purpose else f" ({purpose.value})"


def _end(check: CheckRecord) -> float:
    return max([check.duration_ms, *(timing.start_ms + timing.duration_ms for timing in check.phases)])


def _columns(results: Sequence[CheckRecord]) -> list[tuple[str, int]]:
    """Each phase with its number among those of the same name, in the order of the check with the most of them."""
    found: dict[tuple[str, int], None] = {}
    for one in sorted(results, key=lambda result: -len(result.phases)):
        counted: dict[str, int] = {}
        for timing in one.phases:
            number = counted[timing.phase.value] = counted.get(timing.phase.value, 0) + 1
            found.setdefault((timing.phase.value, number))
    return list(found)


def _talk(monitor_path: str, check: CheckRecord, kind: str) -> Talk:
    found = bands(check) if check.transcript else []
    return Talk(
        place=_place(check),
        due_at=check.due_at,
        path=path_of(monitor_path, check),
        bands=found,
        state=words.state_of(check),
        outcome=words.outcome_of(check, kind),
        detail=check.failure.detail if check.failure else "",
        ended_ms=check.duration_ms,
        decided=any(line.decided for band in found for line in band.lines),
        silent=words.why_silent(check),
    )


def _comparison(monitor_path: str, kind: str, good: CheckRecord, check: CheckRecord, talk: Talk) -> Comparison:
    where = (
        "" if good.location_id == check.location_id else f" from {_place(good)}, because none of this location is kept"
    )
    if good.due_at < check.due_at:
        relation = f"The last check before it that passed and kept its dialogue{where}, beside this one."
    else:
        relation = f"A later check that passed{where}, beside this one: none from before is kept."
    facts = differences(good, check, kind)
    return Comparison(
        good=_talk(monitor_path, good, kind),
        bad=talk,
        relation=relation,
        differences=[one for one in facts if one.mark == "differs"],
        unreached=[one.name for one in facts if one.mark == "not reached"],
        same=[one for one in facts if one.mark == "same"],
    )
