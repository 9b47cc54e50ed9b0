"""What a location is doing: its state in words, and when it was blind as a bar."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.decisions.canaries import kinds_lost, last_failure
from controller.model import AgentSighting
from controller.operations.locations import BLIND_FOR, LocationState
from controller.pages.drawing.bar import Held, Run, runs, sliced
from controller.pages.shell.texts import counted, span
from controller.pages.words.blindness import blind_advice
from shared.wire.messages import CLOCK_TOLERANCE_MS

SLICES = 48
_BLIND = "down"
"""The worst state of a bar, so that a slice in which a location was blind for a moment counts as blind."""


class Doing(NamedTuple):
    """The mark, the word and the sentence of a location's state, since when it is so, and what to do about it."""

    state: str
    word: str
    sentence: str
    since: datetime | None = None
    remedy: str = ""


def doing(found: LocationState) -> Doing:
    """What a location is doing now; the worst of it, if several things are wrong."""
    code = found.location.code
    if not found.location.enabled:
        sentence = "It was switched off and gets no checks."
        return Doing(
            "disabled", "disabled", sentence, None, f"`mailprobe-controller locations enable {code}` switches it on."
        )
    if not found.agents:
        advice = (
            f"Start its agent: `mailprobe-agent run --enrolment {code}.agent`; `mailprobe-agent doctor` finds faults."
        )
        if found.last_seen_at is None:
            return Doing("down", "no agent", "No agent of this location has ever connected.", None, advice)
        sentence = "No agent is connected. It gets no checks and does not vote."
        return Doing("down", "no agent", sentence, found.last_seen_at, advice)
    if lost := kinds_lost(found.canaries):
        text = f"Canaries for {', '.join(lost)} do not come back, so its checks or their results are probably lost."
        advice = "Look at the logs of its agents; if other locations lose canaries, too, at those of the controllers."
        since = max(one.back_at or one.since for one in found.canaries if one.kind in lost)
        return Doing("unknown", "canaries lost", text, since, advice)
    now_blind = [period for period in found.blind if period.to_at > found.now]
    if now_blind:
        worst = min(now_blind, key=lambda period: period.from_at)
        why = blind_advice(worst.reason)
        text = f"Some or all of its checks show nothing now, and do not vote. {why.meaning}"
        return Doing("unknown", "blind", text, worst.from_at, why.remedy)
    if found.reasons:
        return Doing("degraded", "not fit for all checks", "It checks, but not everything: see below.")
    if any(clock_off(agent) for agent in found.agents):
        text = "It checks. The clock of an agent is wrong; its times are corrected by the broker's clock."
        return Doing("degraded", "ready, clock wrong", text, None, "Set up time synchronization (NTP) on that machine.")
    if failure := last_failure(found.canaries):
        return Doing(
            "degraded", "ready, canary target fails", f"It checks. The canary target fails from here: {failure}"
        )
    if any(problem.lasts for problem in found.problems):
        return Doing("degraded", "ready, refused by servers", "It checks, but some servers refuse its address.")
    return Doing("up", "ready", "It checks.")


def clock_off(agent: AgentSighting) -> bool:
    """Whether an agent's clock is so wrong that its times are corrected."""
    return agent.clock_offset_ms is not None and abs(agent.clock_offset_ms) > CLOCK_TOLERANCE_MS


def bar_of(found: LocationState) -> list[Run]:
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


def bar_label(found: LocationState) -> str:
    """The bar in words."""
    if not found.location.enabled:
        return "Last 24 hours: switched off now"
    if found.last_seen_at is None:
        return "Last 24 hours: nothing is known"
    blind = [one for one in _held(found) if one.state == _BLIND]
    if not blind:
        return "Last 24 hours: never blind"
    total = sum((one.to_at - one.from_at).total_seconds() for one in blind)
    return f"Last 24 hours: blind {counted(len(blind), 'time')}, {span(total)} in all"
