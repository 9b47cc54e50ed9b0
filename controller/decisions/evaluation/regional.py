"""A regional outage: the same location fails again and again while others pass. When it is confirmed, and when to look
again until then. Pure; moments are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Finding
from controller.decisions.schedule.rounds import RECHECK_SECONDS

PARTIAL_EVALUATIONS = 6
"""In how many evaluations in a row the same location must fail before a regional outage is confirmed.

With a failed check in two hundred for no reason at all, four would still make one false regional outage in a year of
1,000 monitors at five locations each minute; six make one in 20,000 years.
"""
SHORTEST_SECONDS = 60
"""A regional outage is not confirmed earlier, whatever the policy says: six checks ten seconds apart take so long."""

_RECHECK_MS = RECHECK_SECONDS * 1000


class RegionalRecheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A recheck of the locations that failed, or with `everywhere` of all the monitor's. One that was withdrawn is made
    only if that came too late.
    """

    due_ms: int
    location_ids: list[int]
    everywhere: bool = False
    withdrawn: bool = False

    def withdraw(self) -> RegionalRecheck:
        return msgspec.structs.replace(self, withdrawn=True)


class Failures(NamedTuple):
    """How many evaluations in a row each location failed in, and when the first of them was due."""

    in_a_row: Mapping[int, int]
    since_ms: Mapping[int, int]


class LatestRound(NamedTuple):
    """When a round is due, and whether all the suspected locations take part in it."""

    due_ms: int
    complete: bool


def counted_failures(before: Failures, found: Finding, due_ms: int) -> Failures:
    """The failures after this finding. A location that neither failed nor passed keeps its number."""
    cleared = found.passing | found.probe_blocked
    in_a_row = {here: count for here, count in before.in_a_row.items() if here not in cleared}
    for here in found.failing:
        in_a_row[here] = in_a_row.get(here, 0) + 1
    return Failures(in_a_row, {here: before.since_ms.get(here, due_ms) for here in in_a_row})


def confirming_seconds(policy: Policy) -> int:
    """How long a location must have failed until a regional outage is confirmed."""
    return max(policy.regional_after_seconds, SHORTEST_SECONDS)


def long_failing(failures: Failures) -> frozenset[int]:
    """The locations that have failed often enough for a regional outage."""
    return frozenset(here for here, count in failures.in_a_row.items() if count >= PARTIAL_EVALUATIONS)


def is_regional_outage(failures: Failures, failing: frozenset[int], due_ms: int, policy: Policy) -> bool:
    """Whether one of the locations that fail in the evaluation due then has failed often and long enough."""
    began_ms = due_ms - confirming_seconds(policy) * 1000
    return any(failures.since_ms[here] <= began_ms for here in long_failing(failures) & failing)


def began_ms(failures: Failures, failing: frozenset[int], first_ms: int) -> int:
    """When a regional outage of the locations that fail now began, at `first_ms` at the latest."""
    return min([first_ms, *(failures.since_ms[here] for here in long_failing(failures) & failing)])


def planned_rechecks(
    failures: Failures, policy: Policy, due_ms: int, now_ms: int, latest_round: Callable[[int], LatestRound | None]
) -> list[RegionalRecheck]:
    """The rechecks that confirm a regional outage unless they pass, after the evaluation due at `due_ms`: every ten
    seconds, without waiting for the one before, which may take as long as its timeout. `latest_round` gives the last
    round due not later than a moment; one that is due in time takes the place of a recheck.

    The first one and the one that confirms are made everywhere, so that they show whether the outage is regional.
    """
    suspected = sorted(failures.in_a_row)
    lead = max(suspected, key=lambda here: (failures.in_a_row[here], -failures.since_ms[here]))
    confirm_ms = failures.since_ms[lead] + confirming_seconds(policy) * 1000
    # Not at `now_ms`: ten seconds after it all locations may recheck an outage, and that needs a moment of its own.
    moment_ms = max(due_ms + _RECHECK_MS, now_ms + 1)
    number = min(failures.in_a_row[lead], PARTIAL_EVALUATIONS - 1)
    found: list[RegionalRecheck] = []
    last = False
    while not last:
        number += 1
        last = number > PARTIAL_EVALUATIONS or (number == PARTIAL_EVALUATIONS and moment_ms + _RECHECK_MS > confirm_ms)
        if last:
            moment_ms = max(moment_ms, confirm_ms)
        nearest = latest_round(moment_ms)
        earliest_ms = max(moment_ms - _RECHECK_MS + 1, confirm_ms if last else 0)
        if nearest is not None and nearest.complete and nearest.due_ms >= earliest_ms:
            moment_ms = nearest.due_ms
        else:
            # At the very moment of a round it would be no evaluation of its own.
            free_ms = moment_ms + 1 if nearest is not None and nearest.due_ms == moment_ms else moment_ms
            found.append(RegionalRecheck(due_ms=free_ms, location_ids=suspected, everywhere=last or number == 2))
        moment_ms += _RECHECK_MS
    return found
