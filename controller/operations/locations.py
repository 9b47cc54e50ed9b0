"""The locations that checks run from, and what each can do now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from controller.decisions.access import limits_to
from controller.decisions.canaries import CanaryState
from controller.decisions.evaluation.blindness import Blind, BlindCount, merged_periods
from controller.decisions.history.cursor import fingerprint
from controller.decisions.schedule.eligibility import abilities, alive, reasons_not_ready
from controller.errors import InvalidError, NotFoundError
from controller.model import AgentSighting, Location, Principal
from controller.operations.cursors import cursor_behind, position_in
from controller.store.checks import dead_letters
from controller.store.checks.blind_results import counted_blind_results
from controller.store.checks.dead_letters import DeadLetterCount
from controller.store.evaluation import probe_problems
from controller.store.evaluation.probe_problems import ProbeProblem
from controller.store.locations import blind_periods, canaries
from controller.store.locations import locations as store
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.wire import subjects
from shared.wire.failures import FailureSource

BLIND_FOR = timedelta(hours=24)
DEAD_LETTERS_FOR = timedelta(hours=24)
MOST_BLIND_PERIODS = 20
MOST_PROBE_PROBLEMS = 50
_MOST_PARTS = 500
_REPORTED = frozenset(source.value for source in FailureSource)
"""Reasons of blind periods that a check's own result states. All others are of checks without a result."""


class LocationState(msgspec.Struct, frozen=True, kw_only=True):
    """A location at the moment `now` of the database's clock: the `kinds` it can check, its `agents` with a fresh
    heartbeat, and the moment of the latest heartbeat, None when there was none.

    `blind` are its blind periods of the last BLIND_FOR, and `problems` are the monitors whose servers refuse it, as far
    as the caller may see them, MOST_PROBE_PROBLEMS at most; both the latest first. `dead_letters` counts its
    rejected messages of the last DEAD_LETTERS_FOR by reason, the latest first. `canaries` are its latest ones, by kind.
    """

    now: datetime

    location: Location
    reasons: list[str]
    kinds: list[str]
    agents: list[AgentSighting]
    last_seen_at: datetime | None
    blind: list[Blind]
    problems: list[ProbeProblem]
    dead_letters: list[DeadLetterCount]
    canaries: list[CanaryState] = []


class LocationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which locations are meant; None: no limit. `text` is a part of the code or of the name."""

    country: str | None = None
    enabled: bool | None = None
    ready: bool | None = None
    text: str | None = None

    def fits(self, state: LocationState) -> bool:
        here = state.location
        return (
            self.country in (None, here.country_code)
            and self.enabled in (None, here.enabled)
            and self.ready in (None, not state.reasons)
            and (self.text or "").casefold() in f"{here.code}\n{here.name}".casefold()
        )


class LocationsFound(NamedTuple):
    """A page of locations. `next_cursor` is None at the end."""

    states: list[LocationState]
    next_cursor: str | None


SORTED_BY: Mapping[str, Callable[[LocationState], str]] = {
    "code": lambda state: state.location.code,
    "name": lambda state: state.location.name,
    "country": lambda state: state.location.country_code,
}


async def find_locations(
    database: Database,
    vault: Vault,
    principal: Principal,
    filters: LocationFilter,
    *,
    sort: str = "code",
    cursor: str | None = None,
    limit: int = 50,
) -> LocationsFound:
    """The locations that fit, sorted by one of SORTED_BY, and after a minus sign in the other direction. Raises
    InvalidError.
    """
    value_of = SORTED_BY.get(sort.removeprefix("-"))
    if value_of is None:
        raise InvalidError("sort", f"must be one of {', '.join(SORTED_BY)}, or one of them after a minus sign")
    downwards = sort.startswith("-")
    query = fingerprint("locations", filters, sort)
    behind = None if cursor is None else tuple(position_in(vault, cursor, query))
    states = [state for state in await list_locations(database, principal) if filters.fits(state)]
    found: list[tuple[tuple[str, str], LocationState]] = sorted(
        (((value_of(state), state.location.code), state) for state in states),
        key=lambda one: one[0],
        reverse=downwards,
    )
    if behind is not None:
        found = [one for one in found if (one[0] < behind if downwards else one[0] > behind)]
    page = found[:limit]
    more = len(found) > limit
    return LocationsFound([state for _, state in page], cursor_behind(vault, query, [*page[-1][0]]) if more else None)


async def location_with(database: Database, principal: Principal, code: str) -> LocationState:
    """The location with this code. Raises NotFoundError."""
    found = [state for state in await list_locations(database, principal) if state.location.code == code]
    if not found:
        raise NotFoundError
    return found[0]


async def blind_results_at(database: Database, here: LocationState) -> Sequence[BlindCount]:
    """Why checks that reported a result showed nothing, in its blind periods of the last BLIND_FOR. Nothing is read
    while none of these periods comes from such checks.
    """
    periods = [one for one in here.blind if one.reason in _REPORTED]
    if not periods:
        return []
    since = max(min(one.from_at for one in periods), here.now - BLIND_FOR)
    async with database.connection() as connection:
        return await counted_blind_results(connection, here.location.id, since, here.now)


async def list_locations(database: Database, principal: Principal) -> list[LocationState]:
    """Every location that was not removed, by code. Locations belong to no organization, so everybody may see them."""
    locations = await store.present_locations(database)
    now, sightings = await store.sightings(database)
    states = await canaries.states(database)
    blind: dict[int, list[Blind]] = defaultdict(list)
    problems: dict[int, list[ProbeProblem]] = defaultdict(list)
    put_aside: dict[str, list[DeadLetterCount]] = defaultdict(list)
    async with database.connection() as connection:
        for period in await blind_periods.recent(connection, now - BLIND_FOR, _MOST_PARTS):
            blind[period.location_id].append(Blind(*period[1:]))
        for count in await dead_letters.recent_counts(connection, now - DEAD_LETTERS_FOR):
            put_aside[count.subject].append(count)
        for problem in await probe_problems.current(
            connection,
            organization_id=limits_to(principal),
            customer_ids=principal.customer_ids,
            most=MOST_PROBE_PROBLEMS,
        ):
            problems[problem.location_id].append(problem)
    return [
        _state(
            location,
            sightings.get(location.id, []),
            blind[location.id],
            problems[location.id],
            put_aside[subjects.result(location.country_code, location.code)],
            states.get(location.id, []),
            now,
        )
        for location in locations
    ]


def _state(
    location: Location,
    sightings: list[AgentSighting],
    blind: list[Blind],
    problems: list[ProbeProblem],
    put_aside: list[DeadLetterCount],
    states: list[CanaryState],
    now: datetime,
) -> LocationState:
    return LocationState(
        now=now,
        location=location,
        reasons=reasons_not_ready(location, sightings, now),
        kinds=sorted(abilities(location, sightings, now)),
        agents=alive(sightings, now),
        last_seen_at=max((sighting.last_seen_at for sighting in sightings), default=None),
        blind=merged_periods(blind),
        problems=problems,
        dead_letters=put_aside,
        canaries=states,
    )
