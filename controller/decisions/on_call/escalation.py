"""Which steps of an escalation policy are due, and what a policy may be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from controller.decisions.monitors.monitors import check_name
from controller.decisions.on_call.taking import WaitingIncident, waits_since
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.notification.on_call import EscalationPolicy, EscalationStep

MOST_STEPS = 10
MOST_CHANNELS = 20
LONGEST_MINUTES = 7 * 24 * 60
SEVERITIES = ("down", "partial")


class Escalating(NamedTuple):
    """The incidents of which a policy tells, those that wait longest first, since when they wait, the numbers of the
    steps that are due, and the next one with its moment.
    """

    incidents: tuple[WaitingIncident, ...]
    since: datetime | None
    due: tuple[int, ...]
    next_step: int | None
    next_at: datetime | None


def escalating(
    policy: EscalationPolicy, incidents: Iterable[WaitingIncident], done: Mapping[int, datetime], now: datetime
) -> Escalating:
    """What to do about the open incidents of a group for which this policy holds. `done` are the numbers of its steps
    of which people were told, with the last time. A step counts from the moment since when the first of them waits for
    somebody; what was told before that was about others, or about what somebody took, and is told again.
    """
    waiting = [
        (since, one)
        for one in incidents
        if (one.severity == "down" or policy.severity == "partial") and (since := waits_since(one, now)) is not None
    ]
    if not policy.enabled or not waiting:
        return Escalating((), None, (), None, None)
    waiting.sort(key=lambda pair: (pair[0], pair[1].id))
    since = waiting[0][0]
    moments = [(number, since + timedelta(minutes=step.minutes)) for number, step in enumerate(policy.steps)]
    open_ones = [(number, at) for number, at in moments if number not in done or done[number] < since]
    due = tuple(number for number, at in open_ones if at <= now)
    later = next(((number, at) for number, at in open_ones if at > now), (None, None))
    return Escalating(tuple(one for _, one in waiting), since, due, *later)


def steps_in_force(state: Escalating, done: Mapping[int, datetime]) -> tuple[int, ...]:
    """The steps of which people were told while the same incidents waited: what joins these, they hear of too."""
    since = state.since
    return () if since is None else tuple(sorted(number for number, at in done.items() if at >= since))


def policy_for(policies: Iterable[EscalationPolicy], organization_id: int, customer_id: int) -> EscalationPolicy | None:
    """The customer's own, or the organization's."""
    found = {one.customer_id: one for one in policies if one.organization_id == organization_id}
    return found.get(customer_id) or found.get(None)


def check_policy(name: str, severity: str, steps: Sequence[EscalationStep]) -> None:
    """Raises InvalidFieldsError, which lists every mistake."""
    problems: list[InvalidError] = []
    with noting(problems):
        check_name(name)
    if severity not in SEVERITIES:
        problems.append(InvalidError("severity", f"must be one of {', '.join(SEVERITIES)}"))
    if not 1 <= len(steps) <= MOST_STEPS:
        problems.append(InvalidError("steps", f"must be 1 to {MOST_STEPS} steps"))
    before = -1
    for number, step in enumerate(steps):
        field = f"steps[{number}]"
        if not 0 <= step.minutes <= LONGEST_MINUTES:
            problems.append(InvalidError(f"{field}.afterMinutes", f"must be from 0 to {LONGEST_MINUTES}"))
        elif step.minutes <= before:
            problems.append(InvalidError(f"{field}.afterMinutes", "must be more than that of the step before"))
        before = max(before, step.minutes)
        if not step.channels and step.rota is None:
            problems.append(InvalidError(f"{field}.channelIds", "must name a channel when there is no rotaId"))
        if len(step.channels) > MOST_CHANNELS:
            problems.append(InvalidError(f"{field}.channelIds", f"must be at most {MOST_CHANNELS}"))
    if problems:
        raise InvalidFieldsError(problems)
