"""`/api/locations`: where checks run from, and which locations are ready."""

from __future__ import annotations

import msgspec
from litestar import get

from controller.api.auth import SECURITY_SCHEME, requires_token
from controller.api.documents import answers, refusals
from controller.api.moments import Moment, moment_or_none
from controller.api.services import GivenServices
from controller.operations import locations
from shared.clock import utc_now

_EXAMPLE = {
    "id": 1,
    "code": "de",
    "name": "Germany",
    "countryCode": "DE",
    "enabled": True,
    "ready": True,
    "reasons": [],
    "kinds": ["smtp"],
    "agents": 1,
    "lastSeenAt": "2026-01-01T12:00:00.000Z",
}


class LocationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`reasons` say why it is not ready: disabled, no_heartbeat. `agents` is how many sent a heartbeat lately."""

    id: int
    code: str
    name: str
    country_code: str
    enabled: bool
    ready: bool
    reasons: list[str]
    kinds: list[str]
    agents: int
    last_seen_at: Moment | None


@get(
    "/api/locations",
    summary="List locations",
    guards=[requires_token],
    security=[{SECURITY_SCHEME: []}],
    tags=["Locations"],
    responses={200: answers(list[LocationAnswer], "All locations, by code", [_EXAMPLE]), **refusals()},
)
async def list_locations(services: GivenServices) -> list[LocationAnswer]:
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
            agents=state.agents,
            last_seen_at=moment_or_none(state.last_seen_at),
        )
        for state in await locations.list_locations(services.database, utc_now())
    ]
