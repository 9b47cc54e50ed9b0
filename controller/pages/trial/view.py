"""What a trial shows, country by country. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from controller.decisions.discovery.advice import NextStep, next_steps
from controller.decisions.trials import TrialStatus
from controller.help.failure_help import help_path
from controller.kinds import label_of, words_of
from controller.model import CheckRecord
from controller.model.trials import TrialCheck, TriedServer
from controller.model.values.countries import country_name
from controller.operations.trials import TrialState
from controller.pages.check import words
from controller.pages.check.dialogue import Band, bands
from controller.pages.check.findings import FoundValue, findings
from controller.pages.drawing.waterfall import Axis, Segment, axis, segments
from controller.pages.trial.answers import in_words, known_kinds, outcome_of, record_of
from shared.wire.failures import FailureSource, Phase

_WAITING = "checking …"


class TrialTalk(msgspec.Struct, frozen=True, kw_only=True):
    """A dialogue, as the template of checks draws it."""

    bands: list[Band]
    state: str
    outcome: str
    detail: str
    ended_ms: float
    decided: bool


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """One country. `blind`: its result tells nothing about the server. Without a result yet there is only `answer`."""

    code: str
    place: str
    state: str
    outcome: str
    answer: str
    blind: bool = False
    detail: str = ""
    warnings: list[tuple[str, str, str]] = []
    address: str | None = None
    duration_ms: float | None = None
    segments: list[Segment] = []
    findings: list[FoundValue] = []
    talk: TrialTalk | None = None


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A next step, for the countries in `where`; empty: for all. `href` is a form with `fields` filled in."""

    text: str
    button: str
    fields: str
    href: str
    where: str


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """`summary` says how far it is, in words. `meanings` are those of all failures: what each means, what to do,
    whose fault it is where it is not the server's, and the path of its help.
    """

    id: str
    kind: str
    server: str
    done: bool
    summary: str
    rows: list[TrialRow]
    meanings: list[tuple[str, str, str, str]]
    steps: list[StepView]
    axis: Axis
    phases: list[Phase]
    phase_names: dict[Phase, str]
    expires_at: datetime


class WrongTrialView(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was tried, by the form's fields; an empty name is no field of it."""

    problems: dict[str, str]


class _Tried(NamedTuple):
    check: TrialCheck
    status: TrialStatus
    reason: str | None
    record: CheckRecord | None


def trial_view(state: TrialState) -> TrialView:
    trial = state.trial
    all_checks = [_Tried(check, status, reason, record_of(check)) for check, status, reason in state.states]
    records = [one.record for one in all_checks if one.record is not None]
    line = axis(_end(one) for one in records)
    server = trial.server
    return TrialView(
        id=str(trial.id),
        kind=label_of(trial.kind),
        server=f"{server.host}:{server.port}" if server else "",
        done=state.done,
        summary=_summary(all_checks),
        rows=[_row(one, trial.kind, line) for one in all_checks],
        meanings=list(dict.fromkeys(_meaning(one, trial.kind) for one in records if one.failure)),
        steps=_steps(trial.kind, server, records) if server else [],
        axis=line,
        phases=list(dict.fromkeys(timing.phase for one in records for timing in one.phases)),
        phase_names=dict(words_of(trial.kind).phase_names),
        expires_at=trial.expires_at,
    )


def _end(record: CheckRecord) -> float:
    return max([record.duration_ms, *(timing.start_ms + timing.duration_ms for timing in record.phases)])


def _summary(checks: Sequence[_Tried]) -> str:
    if not checks:
        return "There is no location that could try it: add one first."
    waiting = sum(one.status is TrialStatus.PENDING for one in checks)
    passed = sum(one.status is TrialStatus.SUCCESS for one in checks)
    countries = "the only country" if len(checks) == 1 else f"{passed} of {len(checks)} countries"
    if waiting:
        return f"{len(checks) - waiting} of {len(checks)} have answered."
    if passed == len(checks):
        return "It works from the only country." if len(checks) == 1 else f"It works from all {len(checks)} countries."
    return f"It works from {countries}." if passed else "It does not work from any country."


def _row(one: _Tried, kind: str, line: Axis) -> TrialRow:
    country, record = one.check.country_code, one.record
    place = country_name(country)
    if one.check.location_name and one.check.location_name.upper() not in (country, place.upper()):
        place = f"{place}, {one.check.location_name}"
    if record is None:
        text = _WAITING if one.status is TrialStatus.PENDING else f"not tried: {one.reason}"
        return TrialRow(code=country, place=place, state="unknown", outcome=text, answer=text)
    return TrialRow(
        code=country,
        place=place,
        state=words.state_of(record),
        outcome=words.outcome_of(record, kind),
        answer=in_words(record, kind),
        blind=record.failure is not None and record.failure.source is not FailureSource.TARGET,
        detail=record.failure.detail if record.failure else "",
        warnings=words.warned(record),
        address=record.address,
        duration_ms=record.duration_ms,
        segments=segments(
            record.phases, record.failure.phase if record.failure else None, line, words_of(kind).phase_names
        ),
        findings=findings(record, kind),
        talk=_talk(record, kind) if record.transcript else None,
    )


def _meaning(record: CheckRecord, kind: str) -> tuple[str, str, str, str]:
    meaning, _, fault, remedy = words.explained(record, kind)
    ours = record.failure is not None and record.failure.source is not FailureSource.TARGET
    return meaning, remedy, fault if ours else "", help_path(record.failure.kind) if record.failure else ""


def _talk(record: CheckRecord, kind: str) -> TrialTalk:
    found = bands(record)
    return TrialTalk(
        bands=found,
        state=words.state_of(record),
        outcome=words.outcome_of(record, kind),
        detail=record.failure.detail if record.failure else "",
        ended_ms=record.duration_ms,
        decided=any(line.decided for band in found for line in band.lines),
    )


def _steps(kind: str, server: TriedServer, records: Sequence[CheckRecord]) -> list[StepView]:
    """Each step once, with the countries that it is for."""
    known, where = known_kinds(), dict[str, list[str]]()
    steps: dict[str, NextStep] = {}
    for record in records:
        for step in next_steps(known, kind, server, outcome_of(record)):
            steps.setdefault(step.text, step)
            where.setdefault(step.text, []).append(country_name(record.country_code))
    return [
        _step(step, kind, server, "" if len(where[text]) == len(records) else ", ".join(where[text]))
        for text, step in steps.items()
    ]


def _step(step: NextStep, kind: str, server: TriedServer, where: str) -> StepView:
    href, button = "", step.button
    if step.fields:
        href = new_path({"kind": kind, "host": server.host, "port": str(server.port), "tls": server.tls, **step.fields})
    elif step.find:
        href, button = f"/monitors/new/find?{urlencode({'address': step.find})}", f"Find the servers of {step.find}"
    fields = msgspec.json.encode(step.fields).decode() if step.fields else ""
    return StepView(text=step.text, button=button, fields=fields, href=href, where=where)


def new_path(fields: dict[str, str]) -> str:
    """The form of a new monitor with these fields filled in."""
    return f"/monitors/new?{urlencode(fields)}"
