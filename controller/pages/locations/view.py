"""What the page of locations shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from controller.model import AgentSighting
from controller.model.values.countries import country_name
from controller.operations.locations import BLIND_FOR, LocationState
from controller.pages.drawing.bar import Held, Run, runs, sliced
from controller.pages.shell.texts import counted, span
from controller.pages.words.blindness import (
    SUSPICIOUS,
    Advice,
    blind_advice,
    refusal_advice,
    rejected_words,
    unfit_advice,
)
from shared.wire.messages import CLOCK_TOLERANCE_MS

SLICES = 48
_SHOWN_PERIODS = 8
_BLIND = "down"
"""The worst state of a bar, so that a slice in which a location was blind for a moment counts as blind."""
_LAG_LIMIT_MS = 5.0
"""Above this an agent takes fewer checks at once, so that its timings stay true."""


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An agent with a fresh heartbeat. `clock` says how far its clock is off, empty while that is unknown."""

    name: str
    version: str
    running: int
    waiting: int
    capacity: int
    lag_ms: float
    lagging: bool
    clock: str
    clock_off: bool
    started_at: datetime
    last_at: datetime


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """What some agents of a location cannot do; `who` is empty when none of them can."""

    who: str
    advice: Advice


class BlindRow(msgspec.Struct, frozen=True, kw_only=True):
    """`to_at` is None while it lasts."""

    from_at: datetime
    to_at: datetime | None
    checks: int
    advice: Advice


class ProblemRow(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor whose server refuses this location. `says` is the server's answer."""

    monitor: UUID
    monitor_name: str
    says: str
    first_at: datetime
    last_at: datetime
    evaluations: int
    lasts: bool
    advice: Advice


class RejectedRow(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    messages: int
    last_at: datetime
    suspicious: bool


class LocationCard(msgspec.Struct, frozen=True, kw_only=True):
    """A location. `state` is its mark, `word` says it, `sentence` what that means; `remedy` what to do, or empty."""

    code: str
    name: str
    state: str
    word: str
    sentence: str
    since: datetime | None
    remedy: str
    kinds: list[str]
    agents: list[AgentRow]
    limits: list[LimitRow]
    bar: list[Run]
    bar_label: str
    blind: list[BlindRow]
    blind_total: int
    problems: list[ProblemRow]
    problems_total: int
    rejected: list[RejectedRow]


class CountryGroup(msgspec.Struct, frozen=True, kw_only=True):
    country: str
    name: str
    locations: list[LocationCard]


class LocationsView(msgspec.Struct, frozen=True, kw_only=True):
    """`troubled` are the locations that need somebody."""

    countries: list[CountryGroup]
    total: int
    ready: int
    troubled: list[LocationCard]
    slices: int
    now: datetime


def locations_view(found: Sequence[LocationState], now: datetime) -> LocationsView:
    ordered = sorted(found, key=lambda one: (country_name(one.location.country_code), one.location.code))
    groups = [
        CountryGroup(country=code, name=country_name(code), locations=[_card(one) for one in group])
        for code, group in groupby(ordered, key=lambda one: one.location.country_code)
    ]
    cards = [card for group in groups for card in group.locations]
    return LocationsView(
        countries=groups,
        total=len(cards),
        ready=sum(card.state in {"up", "degraded"} for card in cards),
        troubled=[card for card in cards if card.state not in {"up", "disabled"}],
        slices=SLICES,
        now=now,
    )


def _card(found: LocationState) -> LocationCard:
    limits = _limits(found.agents)
    state, word, sentence, since, remedy = _state(found, limits)
    blind = [
        BlindRow(
            from_at=period.from_at,
            to_at=period.to_at if period.to_at <= found.now else None,
            checks=period.checks,
            advice=blind_advice(period.reason),
        )
        for period in found.blind
    ]
    return LocationCard(
        code=found.location.code,
        name=found.location.name,
        state=state,
        word=word,
        sentence=sentence,
        since=since,
        remedy=remedy,
        kinds=found.kinds,
        agents=[_agent(agent) for agent in found.agents],
        limits=limits,
        bar=_bar(found),
        bar_label=_bar_label(found),
        blind=blind[:_SHOWN_PERIODS],
        blind_total=len(blind),
        problems=[
            ProblemRow(
                monitor=problem.monitor_public_id,
                monitor_name=problem.monitor_name,
                says=problem.detail,
                first_at=problem.first_at,
                last_at=problem.last_at,
                evaluations=problem.evaluations,
                lasts=problem.lasts,
                advice=refusal_advice(problem.kind),
            )
            for problem in found.problems
        ],
        problems_total=found.problems[0].total if found.problems else 0,
        rejected=[
            RejectedRow(
                what=rejected_words(count.why),
                messages=count.messages,
                last_at=count.last_at,
                suspicious=count.why in SUSPICIOUS,
            )
            for count in found.dead_letters
        ],
    )


def _state(found: LocationState, limits: list[LimitRow]) -> tuple[str, str, str, datetime | None, str]:
    """The mark, the word, the sentence, since when, and what to do."""
    code = found.location.code
    if not found.location.enabled:
        sentence = "It was switched off and gets no checks."
        return "disabled", "disabled", sentence, None, f"`mailprobe-controller locations enable {code}` switches it on."
    if not found.agents:
        advice = (
            f"Start its agent: `mailprobe-agent run --enrolment {code}.agent`; `mailprobe-agent doctor` finds faults."
        )
        if found.last_seen_at is None:
            return "down", "no agent", "No agent of this location has ever connected.", None, advice
        return (
            "down",
            "no agent",
            "No agent is connected. It gets no checks and does not vote.",
            found.last_seen_at,
            advice,
        )
    now_blind = [period for period in found.blind if period.to_at > found.now]
    if now_blind:
        worst = min(now_blind, key=lambda period: period.from_at)
        why = blind_advice(worst.reason)
        text = f"Some or all of its checks show nothing now, and do not vote. {why.meaning}"
        return "unknown", "blind", text, worst.from_at, why.remedy
    if any(not limit.who for limit in limits):
        return "degraded", "ready, not for all checks", "It checks, but not everything: see below.", None, ""
    if any(_clock_off(agent) for agent in found.agents):
        text = "It checks. The clock of an agent is wrong; its times are corrected by the broker's clock."
        return "degraded", "ready, clock wrong", text, None, "Set up time synchronization (NTP) on that machine."
    if any(problem.lasts for problem in found.problems):
        return "degraded", "ready, refused by servers", "It checks, but some servers refuse its address.", None, ""
    return "up", "ready", "It checks.", None, ""


def _limits(agents: Sequence[AgentSighting]) -> list[LimitRow]:
    kinds = sorted({unfit for agent in agents for unfit in agent.unfit})
    found = []
    for unfit in kinds:
        names = [agent.name for agent in agents if unfit in agent.unfit]
        who = "" if len(names) == len(agents) else ", ".join(names)
        found.append(LimitRow(who=who, advice=unfit_advice(unfit)))
    return found


def _agent(agent: AgentSighting) -> AgentRow:
    return AgentRow(
        name=agent.name,
        version=agent.version,
        running=agent.running,
        waiting=agent.waiting,
        capacity=agent.capacity,
        lag_ms=agent.loop_lag_ms,
        lagging=agent.loop_lag_ms > _LAG_LIMIT_MS,
        clock=_clock(agent.clock_offset_ms),
        clock_off=_clock_off(agent),
        started_at=agent.started_at,
        last_at=agent.last_seen_at,
    )


def _clock(offset_ms: float | None) -> str:
    if offset_ms is None:
        return ""
    if abs(offset_ms) < 1000:
        return f"{offset_ms:+.0f} ms"
    return f"{abs(offset_ms) / 1000:.1f} s {'ahead' if offset_ms > 0 else 'behind'}"


def _clock_off(agent: AgentSighting) -> bool:
    return agent.clock_offset_ms is not None and abs(agent.clock_offset_ms) > CLOCK_TOLERANCE_MS


def _bar(found: LocationState) -> list[Run]:
    """A slice in which the location was blind for a moment is hatched."""
    slices = sliced(_held(found), found.now - BLIND_FOR, found.now, SLICES)
    return runs([one._replace(state="unknown") if one.state == _BLIND else one for one in slices])


def _held(found: LocationState) -> list[Held]:
    """When the location checked, and when it was blind. While it is switched off or has no agent, nothing is known."""
    since, until = found.now - BLIND_FOR, found.now
    if not found.location.enabled:
        return [Held(since, until, "disabled")]
    if found.last_seen_at is None:
        return []
    held, at = list[Held](), since
    for period in sorted(found.blind, key=lambda one: one.from_at):
        if period.from_at > at:
            held.append(Held(at, period.from_at, "up"))
        begins, ends = max(at, period.from_at), min(period.to_at, until)
        if ends > begins:
            held.append(Held(begins, ends, _BLIND, period.reason))
            at = ends
    if at < until and found.agents:
        held.append(Held(at, until, "up"))
    return held


def _bar_label(found: LocationState) -> str:
    if not found.location.enabled:
        return "Last 24 hours: switched off now"
    blind = [one for one in _held(found) if one.state == _BLIND]
    if not blind:
        return "Last 24 hours: never blind"
    total = sum((one.to_at - one.from_at).total_seconds() for one in blind)
    return f"Last 24 hours: blind {counted(len(blind), 'time')}, {span(total)} in all"
