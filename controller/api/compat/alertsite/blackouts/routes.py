"""`/api/v3/blackouts` (docs/compatibility.md, A16)."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.blackouts.bodies import (
    EXAMPLE,
    BlackoutBody,
    BlackoutList,
    BlackoutObject,
    BlackoutPatch,
    BulkEdit,
    BulkEdited,
    Made,
    selected,
)
from controller.api.compat.alertsite.blackouts.bulk import planned
from controller.api.compat.alertsite.blackouts.changing import changed_window
from controller.api.compat.alertsite.blackouts.mapping import (
    NAMES,
    NOT_WEEKLY,
    blackout_of,
    shown_blackout,
)
from controller.api.compat.alertsite.blackouts.of_recipients import (
    changed_blackout,
    is_of_recipient,
    new_blackout,
    shown_of_recipient,
    times_of,
)
from controller.api.compat.alertsite.bodies import StrictJsonBody, sent
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Offset, listed, metadata
from controller.api.compat.alertsite.monitors.answers import Identified
from controller.api.compat.alertsite.monitors.examples import IDENTIFIED
from controller.api.compat.alertsite.monitors.queries import Select, fields_of, number_of
from controller.decisions.access import Permission, permits
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.mistakes import named
from controller.http.openapi import answers
from controller.http.parameters import OrganizationId
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.channels import recipient_blackouts
from controller.operations.maintenance import windows
from controller.operations.maintenance.bulk import plan_many
from controller.store.platform.pool import Database
from shared.clock import utc_now

BlackoutNumber = Annotated[
    str, PathParameter(name="id", description="The blackout's number.", schema_extra={"pattern": "^[0-9]+$"})
]
TypeFilter = Annotated[
    str | None,
    QueryParameter(
        name="type", description="Only those of this type.", schema_extra={"enum": ["Monitor", "Alert", "Notifier"]}
    ),
]
AssocFilter = Annotated[
    str | None, QueryParameter(name="assoc_id", description="Only those of this monitor or recipient.")
]
PersistentFilter = Annotated[
    bool, QueryParameter(name="persistent", description="True: only weekly ones. False: all of them.")
]
_PLANNING = {PERMISSION: Permission.PLAN_MAINTENANCE}
_TYPES = ("Monitor", "Alert", "Notifier")


class Blackouts(Controller):
    path = "/api/v3/blackouts"
    tags = TAGS
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="alertsiteListBlackouts",
        summary="List blackouts",
        description="Also past ones. Windows that no blackout can say, as those of several monitors, are left out.",
        responses={
            200: answers(BlackoutList, "Blackouts, oldest first", listed(EXAMPLE)),
            **refusals(s400="invalid_request - type must be one of Monitor, Alert, Notifier", s403="Forbidden"),
        },
    )
    async def list_blackouts(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        type_: TypeFilter = None,
        assoc_id: AssocFilter = None,
        persistent: PersistentFilter = False,
        select: Select = None,
        limit: Limit = None,
        offset: Offset = 0,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> BlackoutList:
        if type_ is not None and type_ not in _TYPES:
            raise InvalidError("type", f"must be one of {', '.join(_TYPES)}")
        monitor = None if assoc_id is None else values.number(assoc_id, "assoc_id", 1, 2**63 - 1)
        zone = await time_zone_of(services.database, principal.organization_id)
        of_monitors = [
            shown
            for window in await windows.list_windows(services.database, principal)
            if (shown := shown_blackout(window, zone)) is not None
        ]
        of_recipients = map(shown_of_recipient, await recipient_blackouts.list_blackouts(services.database, principal))
        found = [
            shown
            for shown in sorted([*of_monitors, *of_recipients], key=lambda one: str(one.id).zfill(20))
            if type_ in (None, shown.type)
            and monitor in (None, shown.assoc_id)
            and (shown.persistent or not persistent)
        ]
        page = found[offset : offset + (limit or LARGEST_LIMIT)]
        names = fields_of(select)
        return BlackoutList(
            metadata=metadata(
                writable=permits(principal, Permission.PLAN_MAINTENANCE),
                count=len(page),
                total=len(found),
                limit=limit,
                offset=offset,
            ),
            results=[selected(one, names) for one in page],
        )

    @get(
        "/{id:str}",
        opt={PERMISSION: Permission.READ},
        operation_id="alertsiteGetBlackout",
        summary="Get a blackout",
        responses={
            200: answers(BlackoutObject, "The blackout", EXAMPLE),
            **refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
        },
    )
    async def get_blackout(
        self, number: BlackoutNumber, services: GivenServices, principal: GivenPrincipal, select: Select = None
    ) -> BlackoutObject:
        try:
            _, shown = await _found(services.database, principal, number)
        except NotFoundError:
            found = await recipient_blackouts.get_blackout(services.database, principal, number_of(number))
            shown = shown_of_recipient(found)
        return selected(shown, fields_of(select))

    @post(
        opt=_PLANNING,
        status_code=200,
        dto=StrictJsonBody[BlackoutBody],
        return_dto=None,
        operation_id="alertsiteCreateBlackout",
        summary="Create a blackout",
        responses={
            200: answers(Identified, "The number of the new blackout", IDENTIFIED),
            **refusals(body=True, s400="invalid_request - type must be Monitor, Alert or Notifier", s403="Forbidden"),
        },
    )
    async def create_blackout(
        self,
        data: JSONBody[BlackoutBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> Identified:
        body = sent(data)
        zone = await time_zone_of(services.database, principal.organization_id)
        number = values.number(body.get("assoc_id"), "assoc_id", 1, 2**63 - 1)
        if is_of_recipient(body):
            new = new_blackout(times_of(body, zone, utc_now()), number, zone)
            silenced = await recipient_blackouts.create_blackout(services.database, principal, new)
            return Identified(id=str(silenced.id))
        change = blackout_of(body, zone, utc_now()).change(number, zone)
        with named(NAMES):
            made = await windows.create_window(services.database, principal, change)
        return Identified(id=str(made.id))

    @patch(
        "/{id:str}",
        opt=_PLANNING,
        dto=StrictJsonBody[BlackoutPatch],
        return_dto=None,
        operation_id="alertsiteUpdateBlackout",
        summary="Change a weekly blackout",
        responses={
            200: answers(Identified, "The number of the blackout", IDENTIFIED),
            **refusals(
                body=True,
                s400=f"invalid_request - persistent {NOT_WEEKLY}",
                s403="Forbidden",
                s404=RECORD_NOT_FOUND,
            ),
        },
    )
    async def update_blackout(
        self, number: BlackoutNumber, data: JSONBody[BlackoutPatch], services: GivenServices, principal: GivenPrincipal
    ) -> Identified:
        body = {_SLIPS.get(name, name): value for name, value in sent(data).items()}
        now = utc_now()
        try:
            window, _ = await _found(services.database, principal, number)
        except NotFoundError:
            silenced = await recipient_blackouts.change_blackout(
                services.database, principal, number_of(number), lambda one: changed_blackout(one, body, now)
            )
            return Identified(id=str(silenced.id))
        zone = window.time_zone

        def decide(found: MaintenanceWindow) -> windows.WindowChange:
            return changed_window(found, body, zone, now)

        with named(NAMES):
            changed = await windows.change_window(services.database, principal, window.id, decide)
        return Identified(id=str(changed.id))

    @delete(
        "/{id:str}",
        opt=_PLANNING,
        operation_id="alertsiteDeleteBlackout",
        summary="Delete a blackout",
        responses=refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
    )
    async def delete_blackout(self, number: BlackoutNumber, services: GivenServices, principal: GivenPrincipal) -> None:
        try:
            window, _ = await _found(services.database, principal, number)
        except NotFoundError:
            await recipient_blackouts.delete_blackout(services.database, principal, number_of(number))
            return
        await windows.delete_window(services.database, principal, window.id)

    @post(
        "/bulk-edit",
        opt=_PLANNING,
        status_code=200,
        dto=StrictJsonBody[BulkEdit],
        return_dto=None,
        operation_id="alertsiteChangeBlackouts",
        summary="Give several monitors the same blackouts",
        description="All of it is done, or nothing: one monitor that the caller may not change is a 403.",
        responses={
            200: answers(BulkEdited, "The blackouts that were made", {"results": [IDENTIFIED]}),
            **refusals(body=True, s400="invalid_request - monitors must be a list of numbers", s403="Forbidden"),
        },
    )
    async def edit_blackouts(
        self,
        data: JSONBody[BulkEdit],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> BulkEdited:
        zone = await time_zone_of(services.database, principal.organization_id)
        plan = await planned(services.database, principal, data, zone, utc_now())
        with named(NAMES):
            made = await plan_many(services.database, principal, plan.changes, instead_of=plan.replaces)
        return BulkEdited(results=[Made(id=str(one.id)) for one in made])


_SLIPS = {"from_time": "start_time", "thru_time": "end_time"}


async def _found(database: Database, principal: Principal, number: str) -> tuple[MaintenanceWindow, BlackoutObject]:
    """Raises NotFoundError, also for a window that no blackout can say."""
    try:
        window = await windows.get_window(database, principal, number_of(number))
    except NotFoundError:
        raise NotFoundError from None
    shown = shown_blackout(window, await time_zone_of(database, window.organization_id))
    if shown is None:
        raise NotFoundError
    return window, shown


BODIES = (BlackoutBody, BlackoutPatch, BulkEdit, BlackoutObject, BlackoutList, BulkEdited)
