"""`POST /api/v1/monitors/{id}/check`: check now."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.operations.monitors import checks
from shared.wire.targets import KINDS

_DESCRIPTION = """\
From every eligible location, also while the monitor is disabled. The answer comes as soon as the broker has the checks.
Their results have this `dueAt` and the purpose `triggered`: read them at
`/api/v1/monitors/{id}/results?purpose=triggered&from={dueAt}`, or follow the stream. They count for no verdict.
"""


class CheckingLocation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A location that checks now."""

    location: Annotated[str, Meta(description="Its code.")]
    name: Annotated[str, Meta(description="Its name.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]


class RequestedCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The checks that were given to the locations."""

    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    due_at: Annotated[Timestamp, Meta(description="The due moment of these checks: their results have it too.")]
    locations: Annotated[list[CheckingLocation], Meta(description="Where they run.")]
    warnings: Annotated[list[str], Meta(description="Why some may find nothing out, in words for people.")]


EXAMPLE: dict[str, Any] = {
    "monitorId": "33333333-3333-4333-8333-333333333333",
    "dueAt": "2026-01-01T12:00:00.000Z",
    "locations": [{"location": "de-nbg", "name": "Nuremberg", "country": "DE"}],
    "warnings": [],
}


@post(
    "/api/v1/monitors/{public_id:str}/check",
    operation_id="checkMonitor",
    status_code=202,
    opt={PERMISSION: Permission.TRIGGER},
    security=SECURITY,
    tags=["Monitors"],
    summary="Check a monitor now",
    description=_DESCRIPTION,
    responses={
        202: answers(RequestedCheck, "The broker has the checks", EXAMPLE),
        **problems(
            s400="No eligible monitoring locations for the selected allowed countries",
            s403="Forbidden",
            s404="Not found",
            s409="No active monitoring locations available",
        ),
    },
)
async def check_monitor(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> RequestedCheck:
    number = given_uuid(public_id, "publicId")
    found = await checks.trigger_check(services.database, services.dispatcher, principal, KINDS, number)
    return RequestedCheck(
        monitor_id=number,
        due_at=timestamp(found.due_at),
        locations=[
            CheckingLocation(location=one.code, name=one.name, country=one.country_code) for one in found.locations
        ],
        warnings=found.warnings,
    )


ROUTES: list[ControllerRouterHandler] = [check_monitor]
BODIES = (RequestedCheck,)
