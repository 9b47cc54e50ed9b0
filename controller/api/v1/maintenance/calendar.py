"""Calendar files in: `POST /api/v1/maintenance-windows/import`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.maintenance.routes import PATH, PLANNING, TAGS
from controller.api.v1.maintenance.schemas import (
    EXAMPLE,
    TargetsBody,
    WindowEffect,
    WindowItem,
    targets_change,
    window_item,
)
from controller.decisions.maintenance.ical_import import MOST_BYTES, PlannedEvent
from controller.http.auth import SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.mistakes import named
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.maintenance import Effect
from controller.operations.maintenance.calendar_import import import_calendar
from shared.clock import utc_now

_CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:patch-day@example.com\r\n"
    "SUMMARY:Patch day\r\nDTSTART;TZID=Europe/Berlin:20270112T220000\r\nDTEND;TZID=Europe/Berlin:20270113T020000\r\n"
    "RRULE:FREQ=MONTHLY;BYDAY=2TU\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


class CalendarImport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A calendar file (RFC 5545), and what its windows are for."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "calendar": _CALENDAR,
        "targets": {"labels": [{"key": "team", "value": "mail"}]},
        "dryRun": True,
    }

    calendar: Annotated[str, Meta(description="The text of the file, at most 1 MiB.", max_length=MOST_BYTES)]
    targets: Annotated[TargetsBody, Meta(description="What all of its windows are for.")]
    effect: WindowEffect = "silence"
    dry_run: Annotated[bool, Meta(description="Default false. True: say what would be done, and do nothing.")] = False


class CalendarEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that became a window, or would."""

    uid: Annotated[str, Meta(description="Its UID in the file. A later import of it changes the same window.")]
    name: Annotated[str, Meta(description="Its summary.")]


class CalendarOutside(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the file that no window can be."""

    name: Annotated[str, Meta(description="Its summary.")]
    reason: Annotated[str, Meta(description="Why, in words for people.")]


class CalendarImported(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or would be."""

    created: Annotated[list[CalendarEvent], Meta(description="Events that became new windows.")]
    changed: Annotated[list[CalendarEvent], Meta(description="Events whose windows were there, and were changed.")]
    outside: Annotated[list[CalendarOutside], Meta(description="Entries that were left out, each with the reason.")]
    windows: Annotated[list[WindowItem], Meta(description="The windows; none after a trial run.")]


@post(
    f"{PATH}/import",
    operation_id="createMaintenanceWindowsFromCalendar",
    opt=PLANNING,
    dto=JsonBody[CalendarImport],
    return_dto=None,
    status_code=200,
    security=SECURITY,
    tags=TAGS,
    summary="Import maintenance windows from a calendar file (.ics)",
    description="Of events with a rule, those are taken whose rule a window may have. What is left out is answered.",
    responses={
        200: answers(
            CalendarImported,
            "What was done",
            {
                "created": [{"uid": "patch-day@example.com", "name": "Patch day"}],
                "changed": [],
                "outside": [{"name": "Backups", "reason": "its rule has BYHOUR"}],
                "windows": [EXAMPLE],
            },
        ),
        **problems(body=True, s400="calendar must be a calendar (RFC 5545), in UTF-8", s403="Forbidden"),
    },
)
async def import_windows(
    data: JSONBody[CalendarImport],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> CalendarImported:
    with named({"body": "calendar"}):
        done = await import_calendar(
            services.database,
            principal,
            data.calendar.encode(),
            targets=targets_change(data.targets),
            effect=Effect(data.effect),
            dry_run=data.dry_run,
        )
    now = utc_now()
    return CalendarImported(
        created=[_event(one) for one in done.created],
        changed=[_event(one) for one in done.changed],
        outside=[CalendarOutside(name=one.name, reason=one.reason) for one in done.outside],
        windows=[window_item(one, now) for one in done.windows],
    )


def _event(event: PlannedEvent) -> CalendarEvent:
    return CalendarEvent(uid=event.uid, name=event.name)


BODIES = (CalendarImport, CalendarImported)
ROUTES: list[ControllerRouterHandler] = [import_windows]
