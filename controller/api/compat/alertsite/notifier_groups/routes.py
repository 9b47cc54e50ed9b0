"""`/api/v3/notifier-groups` (docs/compatibility.md, A18)."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.bodies import StrictJsonBody, sent
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Offset, listed, metadata
from controller.api.compat.alertsite.monitors.answers import Identified
from controller.api.compat.alertsite.monitors.examples import IDENTIFIED
from controller.api.compat.alertsite.monitors.queries import number_of
from controller.api.compat.alertsite.notifier_groups.bodies import (
    EXAMPLE,
    GroupBody,
    GroupList,
    GroupObject,
    GroupPatch,
    group_change,
    group_object,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.parameters import OrganizationId
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.channels import recipient_groups

GroupNumber = Annotated[
    str, PathParameter(name="id", description="The group's number.", schema_extra={"pattern": "^[0-9]+$"})
]
RecipientFilter = Annotated[
    str | None, QueryParameter(name="recipient_id", description="Only groups with this recipient.")
]
MonitorFilter = Annotated[str | None, QueryParameter(name="monitor_id", description="Only groups with this monitor.")]
PrintedMonitorFilter = Annotated[
    str | None, QueryParameter(name="monidor_id", description="As monitor_id; the vendor's page prints it so.")
]
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_LARGEST = 2**63 - 1


class NotifierGroups(Controller):
    path = "/api/v3/notifier-groups"
    tags = TAGS
    security = SECURITY

    @get(
        opt=_MANAGING,
        operation_id="alertsiteListNotifierGroups",
        summary="List recipient groups",
        responses={
            200: answers(GroupList, "Groups, oldest first", listed(EXAMPLE)),
            **refusals(
                s400=f"invalid_request - recipient_id must be a whole number from 1 to {_LARGEST}", s403="Forbidden"
            ),
        },
    )
    async def list_groups(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        recipient_id: RecipientFilter = None,
        monitor_id: MonitorFilter = None,
        monidor_id: PrintedMonitorFilter = None,
        limit: Limit = None,
        offset: Offset = 0,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> GroupList:
        recipient = None if recipient_id is None else values.number(recipient_id, "recipient_id", 1, _LARGEST)
        name, said = ("monidor_id", monidor_id) if monitor_id is None else ("monitor_id", monitor_id)
        monitor = None if said is None else values.number(said, name, 1, _LARGEST)
        found = [
            one
            for one in await recipient_groups.list_groups(services.database, principal)
            if recipient in (None, *(member.id for member in one.recipients))
            and monitor in (None, *(member.id for member in one.monitors))
        ]
        page = found[offset : offset + (limit or LARGEST_LIMIT)]
        return GroupList(
            metadata=metadata(writable=True, count=len(page), total=len(found), limit=limit, offset=offset),
            results=[group_object(one) for one in page],
        )

    @get(
        "/{id:str}",
        opt=_MANAGING,
        operation_id="alertsiteGetNotifierGroup",
        summary="Get a recipient group",
        responses={
            200: answers(GroupObject, "The group", EXAMPLE),
            **refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
        },
    )
    async def get_group(self, number: GroupNumber, services: GivenServices, principal: GivenPrincipal) -> GroupObject:
        return group_object(await recipient_groups.get_group(services.database, principal, number_of(number)))

    @post(
        opt=_MANAGING,
        status_code=200,
        dto=StrictJsonBody[GroupBody],
        return_dto=None,
        operation_id="alertsiteCreateNotifierGroup",
        summary="Create a recipient group",
        responses={
            200: answers(Identified, "The number of the new group", IDENTIFIED),
            **refusals(body=True, s400="invalid_request - name must be 1 to 128 characters", s403="Forbidden"),
        },
    )
    async def create_group(
        self,
        data: JSONBody[GroupBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> Identified:
        made = await recipient_groups.create_group(services.database, principal, group_change(sent(data), None))
        return Identified(id=str(made.id))

    @patch(
        "/{id:str}",
        opt=_MANAGING,
        dto=StrictJsonBody[GroupPatch],
        return_dto=None,
        operation_id="alertsiteUpdateNotifierGroup",
        summary="Change a recipient group",
        responses={
            200: answers(Identified, "The number of the group", IDENTIFIED),
            **refusals(
                body=True,
                s400="invalid_request - is_default must be true or false",
                s403="Forbidden",
                s404=RECORD_NOT_FOUND,
            ),
        },
    )
    async def update_group(
        self, number: GroupNumber, data: JSONBody[GroupPatch], services: GivenServices, principal: GivenPrincipal
    ) -> Identified:
        body = sent(data)
        changed = await recipient_groups.update_group(
            services.database,
            principal,
            number_of(number),
            lambda found: group_change(body, recipient_groups.change_of(found)),
        )
        return Identified(id=str(changed.id))

    @delete(
        "/{id:str}",
        opt=_MANAGING,
        operation_id="alertsiteDeleteNotifierGroup",
        summary="Delete a recipient group",
        responses=refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
    )
    async def delete_group(self, number: GroupNumber, services: GivenServices, principal: GivenPrincipal) -> None:
        await recipient_groups.delete_group(services.database, principal, number_of(number))


BODIES = (GroupBody, GroupPatch, GroupObject, GroupList)
