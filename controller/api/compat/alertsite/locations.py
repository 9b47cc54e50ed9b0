"""`/api/v3/locations`, and the form of a location in other answers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from iso3166 import countries_by_alpha2
from litestar import get

from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Metadata, Offset, listed, metadata
from controller.decisions.access import Permission, permits
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Location
from controller.store.locations.locations import present_locations

_NORTH_AMERICA = ("US", "CA")

_EXAMPLE = {
    "id": 1,
    "name": "Germany",
    "region": 2,
    "country": "Germany",
    "code": "de",
    "country_code": "DE",
    "enabled": True,
}


class LocationBrief(msgspec.Struct, frozen=True, kw_only=True):
    """`region` 1 is the United States and Canada, 2 is everywhere else."""

    id: int
    name: str
    region: int


class LocationObject(LocationBrief, frozen=True, kw_only=True):
    """`code`, `country_code` and `enabled` are additions of Mailprobe."""

    country: str
    code: str
    country_code: str
    enabled: bool


class LocationList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[LocationObject]


BODIES = (LocationList,)


@get(
    "/api/v3/locations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    operation_id="alertsiteListLocations",
    summary="List locations",
    responses={
        200: answers(LocationList, "Locations, by code", listed(_EXAMPLE)),
        **refusals(s400="invalid_request - limit must be an integer from 1 to 1000", s403="Forbidden"),
    },
)
async def list_locations(
    services: GivenServices, principal: GivenPrincipal, limit: Limit = None, offset: Offset = 0
) -> LocationList:
    found = await present_locations(services.database)
    shown = found[offset : offset + (limit or LARGEST_LIMIT)]
    writable = permits(principal, Permission.CREATE)
    return LocationList(
        metadata=metadata(writable=writable, count=len(shown), total=len(found), limit=limit, offset=offset),
        results=[location_object(location) for location in shown],
    )


def numbered(locations: Iterable[Location]) -> dict[int, Location]:
    return {here.id: here for here in locations}


def location_brief(location: Location) -> LocationBrief:
    return LocationBrief(id=location.id, name=location.name, region=_region(location))


def location_object(location: Location) -> LocationObject:
    country = countries_by_alpha2.get(location.country_code)
    return LocationObject(
        id=location.id,
        name=location.name,
        region=_region(location),
        country=country.apolitical_name if country else location.country_code,
        code=location.code,
        country_code=location.country_code,
        enabled=location.enabled,
    )


def _region(location: Location) -> int:
    return 1 if location.country_code in _NORTH_AMERICA else 2
