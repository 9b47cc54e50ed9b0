"""Add, rename, rotate, enable, disable and remove locations, for admins of the organization that runs the
installation.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, delete, patch, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.locations.bodies import KeyRotation, LocationBody, LocationPatch
from controller.api.v1.locations.items import (
    ENROLLED_EXAMPLE,
    ITEM_EXAMPLE,
    EnrolledLocation,
    LocationItem,
    location_fields,
    location_item,
)
from controller.api.v1.locations.reading import PATH, TAGS, Code
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_match, tagged
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.installation import managed_locations as operations
from controller.operations.installation.managed_locations import Check, Enrolled, NewLocation
from controller.operations.locations import location_with
from controller.settings import EnrolmentSettings
from controller.store.platform.pool import Database

_WHO = (
    " For admins of the organization that runs the installation, and only for people who are logged in: no API token"
    " may do it, because keys of a location do not end with the token."
)
_ENROLLED = answers(EnrolledLocation, "The location with its enrolment, which is shown once", ENROLLED_EXAMPLE)
_ITEM = answers(LocationItem, "The location", ITEM_EXAMPLE)
_CHANGED = "The object has changed: read it again, and send the change with its new ETag in If-Match"


@post(
    PATH,
    operation_id="createLocation",
    opt={PERMISSION: Permission.MANAGE_LOCATIONS},
    dto=JsonBody[LocationBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Add a location",
    description="Its agents can log in within ten seconds. A removed location is restored with its history, in the same"
    " country." + _WHO,
    responses={
        201: _ENROLLED,
        **problems(
            body=True,
            s400="country must hold ISO 3166-1 alpha-2 country codes: 'XX' is not one",
            s403="Forbidden",
            s409="there is a location 'de-fra' already",
        ),
    },
)
async def create_location(
    request: Request[Any, Any, Any],
    data: JSONBody[LocationBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[EnrolledLocation]:
    new = NewLocation(data.code, data.country, data.name, data.nats_url)
    made = await operations.enrol(services.database, _settings(services), principal, new)
    answer = tagged(request, await _enrolled(services, principal, made), status_code=HTTPStatus.CREATED)
    answer.headers["Location"] = f"{PATH}/{made.location.code}"
    return answer


@patch(
    f"{PATH}/{{code:str}}",
    operation_id="updateLocation",
    opt={PERMISSION: Permission.MANAGE_LOCATIONS},
    dto=JsonBody[LocationPatch],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Rename a location",
    description="Its code and country never change." + _WHO,
    responses={
        200: _ITEM,
        **problems(
            body=True,
            s400="name must be 1 to 255 printable characters",
            s403="Forbidden",
            s404="Not found",
            s412=_CHANGED,
        ),
    },
)
async def update_location(
    request: Request[Any, Any, Any],
    code: Code,
    data: JSONBody[LocationPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[LocationItem]:
    check = _matching(request, principal, code)
    await operations.rename(services.database, principal, code, data.name, check=check)
    return tagged(request, location_item(await location_with(services.database, principal, code)))


@post(
    f"{PATH}/{{code:str}}/rotate-key",
    operation_id="rotateLocationKey",
    opt={PERMISSION: Permission.MANAGE_LOCATIONS},
    dto=JsonBody[KeyRotation],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    status_code=HTTPStatus.OK,
    summary="Give a location new keys",
    description="Its agents need the new enrolment before the old keys end." + _WHO,
    responses={
        200: _ENROLLED,
        **problems(body=True, s400="natsUrl must be URLs", s403="Forbidden", s404="Not found", s412=_CHANGED),
    },
)
async def rotate_location_key(
    request: Request[Any, Any, Any],
    code: Code,
    data: JSONBody[KeyRotation],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[EnrolledLocation]:
    made = await operations.rotate(
        services.database,
        _settings(services),
        principal,
        code,
        keep=timedelta(seconds=data.keep_old_keys),
        nats_url=data.nats_url,
        check=_matching(request, principal, code),
    )
    return tagged(request, await _enrolled(services, principal, made))


@post(
    f"{PATH}/{{code:str}}/enable",
    operation_id="enableLocation",
    opt={PERMISSION: Permission.MANAGE_LOCATIONS},
    security=SECURITY,
    tags=TAGS,
    status_code=HTTPStatus.OK,
    summary="Resume checks from a location",
    description="Its enrolments work as before, within ten seconds." + _WHO,
    responses={200: _ITEM, **problems(s403="Forbidden", s404="Not found", s412=_CHANGED)},
)
async def enable_location(
    request: Request[Any, Any, Any],
    code: Code,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[LocationItem]:
    return await _switch(request, services, principal, code, enabled=True)


@post(
    f"{PATH}/{{code:str}}/disable",
    operation_id="disableLocation",
    opt={PERMISSION: Permission.MANAGE_LOCATIONS},
    security=SECURITY,
    tags=TAGS,
    status_code=HTTPStatus.OK,
    summary="Stop checks from a location",
    description="Its agents are cut off within ten seconds." + _WHO,
    responses={200: _ITEM, **problems(s403="Forbidden", s404="Not found", s412=_CHANGED)},
)
async def disable_location(
    request: Request[Any, Any, Any],
    code: Code,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[LocationItem]:
    return await _switch(request, services, principal, code, enabled=False)


@delete(
    f"{PATH}/{{code:str}}",
    operation_id="deleteLocation",
    opt={PERMISSION: Permission.MANAGE_LOCATIONS},
    security=SECURITY,
    tags=TAGS,
    summary="Remove a disabled location",
    description="Its history stays, and its keys never work again." + _WHO,
    responses={
        **problems(
            s403="Forbidden",
            s404="Not found",
            s409="de-fra is enabled: disable it first, which cuts its agents off",
            s412=_CHANGED,
        ),
    },
)
async def delete_location(
    request: Request[Any, Any, Any],
    code: Code,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> None:
    await operations.remove(services.database, principal, code, check=_matching(request, principal, code))


async def _switch(
    request: Request[Any, Any, Any], services: Services, principal: Principal, code: str, *, enabled: bool
) -> Response[LocationItem]:
    check = _matching(request, principal, code)
    await operations.switch(services.database, principal, code, enabled=enabled, check=check)
    return tagged(request, location_item(await location_with(services.database, principal, code)))


def _matching(request: Request[Any, Any, Any], principal: Principal, code: str) -> Check:
    async def check(database: Database) -> None:
        if "if-match" in request.headers:
            require_match(request, location_item(await location_with(database, principal, code)))

    return check


async def _enrolled(services: Services, principal: Principal, made: Enrolled) -> EnrolledLocation:
    state = await location_with(services.database, principal, made.location.code)
    return EnrolledLocation(**location_fields(state), enrolment=made.enrolment.reveal())


def _settings(services: Services) -> EnrolmentSettings:
    if services.enrolment is None:
        raise LookupError("this process was given no keys to enrol locations with")
    return services.enrolment


ROUTES: list[ControllerRouterHandler] = [
    create_location,
    update_location,
    rotate_location_key,
    enable_location,
    disable_location,
    delete_location,
]
BODIES = (LocationBody, LocationPatch, KeyRotation, EnrolledLocation)
