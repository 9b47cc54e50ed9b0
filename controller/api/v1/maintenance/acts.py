"""What is done with maintenance at once, below `/api/v1/maintenance-windows`: now, preview, start, prolong, end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.maintenance.routes import (
    ONE,
    PATH,
    PLANNING,
    S412,
    TAGS,
    WINDOW,
    answer,
    created,
    matching,
)
from controller.api.v1.maintenance.schemas import (
    EXAMPLE,
    EXAMPLE_ONE,
    OneWindow,
    TargetsBody,
    WindowBody,
    WindowEffect,
    WindowName,
    targets_change,
    window_change,
)
from controller.api.v1.maintenance.times import OccurrenceItem, occurrence_item
from controller.errors import InvalidError
from controller.http.auth import SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.maintenance import Effect
from controller.operations.maintenance import acts
from controller.operations.maintenance.changing import NOT_FOUND
from controller.operations.maintenance.preview import preview_window

MOST_MINUTES = 31 * 24 * 60
_UNDER_WAY = "The window is not under way"


class MaintenanceNow(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Maintenance from now on."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"minutes": 60, "targets": {"labels": [{"key": "team", "value": "mail"}]}}

    minutes: Annotated[int, Meta(description="How long it lasts.", ge=1, le=MOST_MINUTES, examples=[60])]
    targets: Annotated[TargetsBody, Meta(description="What it is for.")]
    name: WindowName = "Maintenance"
    effect: WindowEffect = "silence"


class Prolonging(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Until when the present occurrence lasts: one of these."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"minutes": 60}

    minutes: Annotated[int, Meta(description="So much longer than it would.", ge=1, le=MOST_MINUTES)] | None = None
    until: (
        Annotated[
            datetime,
            Meta(description="A moment to come, with an offset, at most 31 days after the occurrence began.", tz=True),
        ]
        | None
    ) = None

    @property
    def end(self) -> datetime | timedelta:
        """Raises InvalidError."""
        if (self.minutes is None) == (self.until is None):
            raise InvalidError("until", "must be set, or minutes, and not both")
        return self.until or timedelta(minutes=self.minutes or 0)


class WindowPreview(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a window would be."""

    next: Annotated[list[OccurrenceItem], Meta(description="The next five occurrences at most.")]
    warnings: Annotated[list[str], Meta(description="In words for people, as that it takes much of a week.")]


@post(
    f"{PATH}/now",
    operation_id="startMaintenance",
    opt=PLANNING,
    dto=JsonBody[MaintenanceNow],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Begin maintenance now, for some minutes",
    responses={
        201: answers(OneWindow, "The new window", EXAMPLE_ONE),
        **problems(body=True, s400=f"minutes must be from 1 to {MOST_MINUTES}", s403="Forbidden"),
    },
)
async def start_maintenance(
    request: Request[Any, Any, Any],
    data: JSONBody[MaintenanceNow],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    made = await acts.begin_now(
        services.database,
        principal,
        name=data.name,
        targets=targets_change(data.targets),
        lasting=timedelta(minutes=data.minutes),
        effect=Effect(data.effect),
    )
    return created(request, made)


@post(
    f"{PATH}/preview",
    operation_id="previewMaintenanceWindow",
    opt=PLANNING,
    dto=JsonBody[WindowBody],
    return_dto=None,
    status_code=200,
    security=SECURITY,
    tags=TAGS,
    summary="See when a window would be, without storing it",
    responses={
        200: answers(WindowPreview, "When it would be", {"next": EXAMPLE["next"], "warnings": []}),
        **problems(body=True, s400="end must be after start", s403="Forbidden"),
    },
)
async def preview(
    data: JSONBody[WindowBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> WindowPreview:
    found = await preview_window(services.database, principal, window_change(data))
    zone = ZoneInfo(found.time_zone)
    return WindowPreview(next=[occurrence_item(one, zone) for one in found.coming], warnings=found.warnings)


@post(
    f"{ONE}/start",
    operation_id="startMaintenanceWindow",
    opt=PLANNING,
    status_code=200,
    security=SECURITY,
    tags=TAGS,
    summary="Let the next occurrence begin now",
    description="Its end stays, but one that is farther away than it lasts is only as long as planned from now on.",
    responses={
        200: WINDOW,
        **problems(
            s400="id must be a UUID", s403="Forbidden", s404=NOT_FOUND, s409="The window is under way", s412=S412
        ),
    },
)
async def start_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    return answer(
        request,
        await acts.start_now(services.database, principal, path_id(public_id), on_found=matching(request)),
    )


@post(
    f"{ONE}/prolong",
    operation_id="prolongMaintenanceWindow",
    opt=PLANNING,
    dto=JsonBody[Prolonging],
    return_dto=None,
    status_code=200,
    security=SECURITY,
    tags=TAGS,
    summary="Let the present occurrence end later, or earlier",
    responses={
        200: WINDOW,
        **problems(
            body=True, s400="until must be in the future", s403="Forbidden", s404=NOT_FOUND, s409=_UNDER_WAY, s412=S412
        ),
    },
)
async def prolong_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[Prolonging],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    return answer(
        request,
        await acts.prolong(services.database, principal, path_id(public_id), data.end, on_found=matching(request)),
    )


@post(
    f"{ONE}/end",
    operation_id="endMaintenanceWindow",
    opt=PLANNING,
    status_code=200,
    security=SECURITY,
    tags=TAGS,
    summary="End the present occurrence; later ones take place",
    description="A window that is a monitor's status (`monitorStatus`) is gone then.",
    responses={
        200: WINDOW,
        **problems(s400="id must be a UUID", s403="Forbidden", s404=NOT_FOUND, s409=_UNDER_WAY, s412=S412),
    },
)
async def end_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    return answer(
        request, await acts.end_now(services.database, principal, path_id(public_id), on_found=matching(request))
    )


BODIES = (MaintenanceNow, Prolonging, WindowPreview)
ROUTES: list[ControllerRouterHandler] = [
    start_maintenance,
    preview,
    start_window,
    prolong_window,
    end_window,
]
