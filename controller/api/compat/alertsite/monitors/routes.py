"""`/api/v3/monitors` and `/api/v3/monitors/{id}` of every type: list, read, delete (docs/compatibility.md, A13)."""

from __future__ import annotations

from litestar import Controller, delete, get

from controller.api.compat.alertsite.blackouts.listing import blackouts_of
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Offset, listed, metadata
from controller.api.compat.alertsite.locations import numbered
from controller.api.compat.alertsite.monitors import examples
from controller.api.compat.alertsite.monitors.answers import MonitorList, MonitorObject, monitor_object, selected
from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.api.compat.alertsite.monitors.queries import (
    MonitorNumber,
    Select,
    Types,
    fields_of,
    kinds_of,
    number_of,
)
from controller.decisions.access import Permission, permits
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.monitors import monitors
from controller.store.locations.locations import all_locations

ALL_KINDS = tuple(KINDS.values())
BODIES = (MonitorList, MonitorObject)


class Monitors(Controller):
    path = "/api/v3/monitors"
    tags = TAGS
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="alertsiteListMonitors",
        summary="List monitors",
        responses={
            200: answers(MonitorList, "Monitors, oldest first", listed(examples.MONITOR)),
            **refusals(s400="invalid_request - limit must be an integer from 1 to 1000", s403="Forbidden"),
        },
    )
    async def list_monitors(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        types: Types = None,
        select: Select = None,
        limit: Limit = None,
        offset: Offset = 0,
    ) -> MonitorList:
        page = await monitors.some_monitors(
            services.database, principal, kinds_of(types), limit=limit or LARGEST_LIMIT, offset=offset
        )
        locations = numbered(await all_locations(services.database))
        blackouts = await blackouts_of(services.database, principal, principal.organization_id)
        writable = permits(principal, Permission.CREATE)
        names = fields_of(select)
        return MonitorList(
            metadata=metadata(
                writable=writable, count=len(page.monitors), total=page.total, limit=limit, offset=offset
            ),
            results=await off_loop(
                lambda: [
                    selected(monitor_object(monitor, locations, writable=writable, blackouts=blackouts), names)
                    for monitor in page.monitors
                ]
            ),
        )

    @get(
        "/{id:str}",
        opt={PERMISSION: Permission.READ},
        operation_id="alertsiteGetMonitor",
        summary="Get a monitor",
        responses={
            200: answers(MonitorObject, "The monitor", examples.MONITOR),
            **refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
        },
    )
    async def get_monitor(
        self, number: MonitorNumber, services: GivenServices, principal: GivenPrincipal, select: Select = None
    ) -> MonitorObject:
        monitor = await monitors.get_monitor(services.database, principal, ALL_KINDS, number_of(number))
        locations = numbered(await all_locations(services.database))
        blackouts = await blackouts_of(services.database, principal, monitor.organization_id, monitor.id)
        writable = permits(principal, Permission.CREATE)
        shown = monitor_object(monitor, locations, writable=writable, blackouts=blackouts)
        return selected(shown, fields_of(select))

    @delete(
        "/{id:str}",
        opt={PERMISSION: Permission.DELETE},
        operation_id="alertsiteDeleteMonitor",
        summary="Delete a monitor of any type",
        responses=refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
    )
    async def delete_monitor(self, number: MonitorNumber, services: GivenServices, principal: GivenPrincipal) -> None:
        await monitors.delete_monitor(services.database, principal, ALL_KINDS, number_of(number))
