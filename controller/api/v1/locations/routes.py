"""`/api/locations`: the locations that checks run from, and which of them are ready."""

from __future__ import annotations

from litestar import get

from controller.api.v1.locations.schemas import (
    EXAMPLE,
    DeadLettersAnswer,
    LocationAnswer,
    blind_period,
    canary,
    heartbeat,
    probe_problem,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers, refusals
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import timestamp, timestamp_or_none
from controller.operations import locations


@get(
    "/api/locations",
    operation_id="listLocationsUnversioned",
    summary="List locations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Locations"],
    responses={200: answers(list[LocationAnswer], "All locations, by code", [EXAMPLE]), **refusals()},
)
async def list_locations(services: GivenServices, principal: GivenPrincipal) -> list[LocationAnswer]:
    return [
        LocationAnswer(
            id=state.location.id,
            code=state.location.code,
            name=state.location.name,
            country_code=state.location.country_code,
            enabled=state.location.enabled,
            ready=not state.reasons,
            reasons=state.reasons,
            kinds=state.kinds,
            agents=len(state.agents),
            last_seen_at=timestamp_or_none(state.last_seen_at),
            heartbeats=[heartbeat(agent) for agent in state.agents],
            blind_periods=[blind_period(blind, state.now) for blind in state.blind[: locations.MOST_BLIND_PERIODS]],
            probe_problem_count=state.problems[0].total if state.problems else 0,
            probe_problems=[probe_problem(problem) for problem in state.problems],
            dead_letters=[
                DeadLettersAnswer(reason=count.why, count=count.messages, last_at=timestamp(count.last_at))
                for count in state.dead_letters
            ],
            canary=canary(state.canaries),
        )
        for state in await locations.list_locations(services.database, principal)
    ]
