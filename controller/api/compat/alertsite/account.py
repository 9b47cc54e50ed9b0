"""`/api/v3/access-tokens`, `/account-defaults` and `/locations`: logging in, and what an account works with."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, patch, post
from litestar.params import JSONBody

from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.monitors import examples
from controller.api.compat.alertsite.monitors.answers import (
    LocationBrief,
    LocationList,
    location_brief,
    location_object,
    metadata,
)
from controller.api.compat.alertsite.monitors.bodies import Credentials, DefaultsBody, StrictJsonBody, sent
from controller.api.compat.alertsite.monitors.changes import numbered
from controller.api.compat.alertsite.monitors.fields import Locations, default_values
from controller.api.compat.alertsite.monitors.queries import LARGEST_LIMIT, Limit, Offset
from controller.api.http.auth import PERMISSION, SECURITY, address_of
from controller.api.http.openapi import answers
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.decisions.access import Permission, permits
from controller.decisions.monitors.defaults import AccountDefaults
from controller.decisions.schedule.rotation import chosen
from controller.errors import InvalidError, LoginRefusedError
from controller.model import Mode
from controller.operations.accounts import defaults as account
from controller.operations.accounts.sessions import open_session
from controller.store.locations.locations import all_locations, present_locations


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """Good for an hour, in `Authorization: Bearer`, on every group of routes."""

    access_token: str


class DefaultsObject(msgspec.Struct, frozen=True, kw_only=True):
    """What a new monitor takes where its maker says nothing. `interval` is minutes, `timeout` seconds."""

    interval: int
    timeout: int
    enabled: bool
    resolve_dns: bool
    locations: list[LocationBrief]
    home_location: int | None
    mode: Mode
    rotate_locations: bool
    monitor_location_count: int
    retry_on_failure: bool
    notify_on_error: bool
    traceroute_on_error: bool
    allow_internal_testing: bool


BODIES = (Credentials, AccessToken, DefaultsBody, DefaultsObject, LocationList)


@post(
    "/api/v3/access-tokens",
    status_code=200,
    dto=StrictJsonBody[Credentials],
    return_dto=None,
    opt={PERMISSION: Permission.PUBLIC},
    tags=TAGS,
    summary="Log in",
    responses={
        200: answers(AccessToken, "An access token", examples.ACCESS_TOKEN),
        **refusals(body=True, token=False, s400=examples.WRONG_LOGIN),
    },
)
async def create_access_token(
    data: JSONBody[Credentials], services: GivenServices, request: Request[Any, Any, Any]
) -> AccessToken:
    try:
        token = await open_session(
            services.database, services.passwords, data.username, data.password, address=address_of(request)
        )
    except LoginRefusedError:
        raise InvalidError("username", "is wrong", message="User authentication failed.") from None
    return AccessToken(access_token=token.reveal())


@get(
    "/api/v3/account-defaults",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="What new monitors take where nothing is said",
    responses={200: answers(DefaultsObject, "The defaults", examples.DEFAULTS), **refusals(s403="Forbidden")},
)
async def get_account_defaults(services: GivenServices, principal: GivenPrincipal) -> DefaultsObject:
    locations = numbered(await all_locations(services.database))
    return _defaults(await account.defaults(services.database, principal), locations)


@patch(
    "/api/v3/account-defaults",
    dto=StrictJsonBody[DefaultsBody],
    return_dto=None,
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    security=SECURITY,
    tags=TAGS,
    summary="Change what new monitors take",
    responses={
        200: answers(DefaultsObject, "The defaults as they are now", examples.DEFAULTS),
        **refusals(body=True, s400="invalid_request - interval must be …", s403="Forbidden"),
    },
)
async def change_account_defaults(
    data: JSONBody[DefaultsBody], services: GivenServices, principal: GivenPrincipal
) -> DefaultsObject:
    locations = numbered(await all_locations(services.database))
    values = default_values(sent(data), locations)
    return _defaults(await account.change_defaults(services.database, principal, values), locations)


@get(
    "/api/v3/locations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="List locations",
    responses={
        200: answers(LocationList, "Locations, by code", examples.listed(examples.LOCATION)),
        **refusals(s400="invalid_request - limit must be …", s403="Forbidden"),
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


def _defaults(defaults: AccountDefaults, locations: Locations) -> DefaultsObject:
    values = msgspec.structs.asdict(defaults)
    listed = [
        location_brief(here)
        for here in chosen(locations.values(), defaults.locations, None)
        if here.enabled or defaults.locations
    ]
    return DefaultsObject(**{**values, "locations": listed})
