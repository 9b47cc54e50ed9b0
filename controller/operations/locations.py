"""Where checks run from, and what each location can do now."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import msgspec

from controller.decisions.access import limits_to
from controller.decisions.evaluation.blindness import Blind, joined
from controller.decisions.schedule.eligibility import abilities, alive, reasons_not_ready
from controller.model import AgentSighting, Location, Principal
from controller.store.checks import dead_letters
from controller.store.checks.dead_letters import ParkedTally
from controller.store.evaluation import probe_problems
from controller.store.evaluation.probe_problems import ProbeProblem
from controller.store.locations import blind_periods
from controller.store.locations import locations as store
from controller.store.platform.pool import Database
from shared.wire import subjects

BLIND_FOR = timedelta(hours=24)
PARKED_FOR = timedelta(hours=24)
MOST_BLIND_PERIODS = 20
MOST_PROBE_PROBLEMS = 50
_MOST_PARTS = 500


class LocationState(msgspec.Struct, frozen=True, kw_only=True):
    """A location as it stands at `now`, by the database's clock: the `kinds` it can check, its `agents` with a fresh
    heartbeat, and when one was seen last; None when none ever was.

    `blind` is when it could not see, of the last BLIND_FOR, and `problems` are the monitors whose servers dislike it,
    those that the one who asks may see; both the latest first, and not more than so many. `parked` is what was put
    aside of its results in the last PARKED_FOR, by the kind of the reason, the latest first.
    """

    now: datetime

    location: Location
    reasons: list[str]
    kinds: list[str]
    agents: list[AgentSighting]
    last_seen_at: datetime | None
    blind: list[Blind]
    problems: list[ProbeProblem]
    parked: list[ParkedTally]


async def list_locations(database: Database, principal: Principal) -> list[LocationState]:
    """Every location that was not removed, by code. Locations are everybody's: they belong to no organization."""
    locations = await store.present_locations(database)
    now, sightings = await store.sightings(database)
    blind: dict[int, list[Blind]] = defaultdict(list)
    problems: dict[int, list[ProbeProblem]] = defaultdict(list)
    put_aside: dict[str, list[ParkedTally]] = defaultdict(list)
    async with database.connection() as connection:
        for period in await blind_periods.recent(connection, now - BLIND_FOR, _MOST_PARTS):
            blind[period.location_id].append(Blind(*period[1:]))
        for tally in await dead_letters.lately(connection, now - PARKED_FOR):
            put_aside[tally.subject].append(tally)
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
            now,
        )
        for location in locations
    ]


def _state(
    location: Location,
    sightings: list[AgentSighting],
    blind: list[Blind],
    problems: list[ProbeProblem],
    put_aside: list[ParkedTally],
    now: datetime,
) -> LocationState:
    return LocationState(
        now=now,
        location=location,
        reasons=reasons_not_ready(location, sightings, now),
        kinds=sorted(abilities(location, sightings, now)),
        agents=alive(sightings, now),
        last_seen_at=max((sighting.last_seen_at for sighting in sightings), default=None),
        blind=joined(blind)[:MOST_BLIND_PERIODS],
        problems=problems,
        parked=put_aside,
    )
