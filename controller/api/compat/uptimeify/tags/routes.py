"""`/api/tags` and `/api/monitor-tags` as Uptimeify's clients know them (docs/compatibility.md, U30)."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import JSONBody

from controller.api.compat.uptimeify.coded_errors import CODED, CodedError
from controller.api.compat.uptimeify.maintenance.schemas import TYPES
from controller.api.compat.uptimeify.tags.schemas import (
    TAG,
    TAGGED,
    MonitorTagAnswer,
    NewMonitorTagBody,
    NewTagBody,
    TagAnswer,
    tag_answer,
    tagged_answer,
)
from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.kinds import kinds_of_type, types
from controller.model.tags import TagColor
from controller.operations.tags.tags import MONITOR_NOT_FOUND, TAG_NOT_FOUND, list_tags, make_tag, tag_monitor

_LARGEST = 2**63 - 1
_KINDS = {name: kinds_of_type(each) for name, each in zip(TYPES, types(), strict=True)}


class Tags(Controller):
    path = "/api"
    tags = ("Tags",)
    security = SECURITY
    exception_handlers = CODED

    @get(
        "/tags",
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyListTags",
        summary="List tags",
        responses={
            200: answers(list[TagAnswer], "Oldest first; with the role readonly those that one made oneself", [TAG]),
            **refusals(s403="Forbidden"),
        },
    )
    async def tag_list(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> list[TagAnswer]:
        return [tag_answer(tag) for tag in await list_tags(services.database, principal)]

    @post(
        "/tags",
        opt={PERMISSION: Permission.TAG},
        status_code=200,
        dto=JsonBody[NewTagBody],
        return_dto=None,
        operation_id="uptimeifyCreateTag",
        summary="Make a tag",
        responses={
            200: answers(TagAnswer, "The new tag", TAG),
            **refusals(
                body=True,
                s400=f"color must be one of {', '.join(TagColor)}",
                s403="Forbidden",
                s409="A tag with this name exists already",
            ),
        },
    )
    async def create_tag(
        self,
        data: JSONBody[NewTagBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> TagAnswer:
        return tag_answer(await make_tag(services.database, principal, data.name, _color(data.color)))

    @post(
        "/monitor-tags",
        opt={PERMISSION: Permission.TAG},
        status_code=200,
        dto=JsonBody[NewMonitorTagBody],
        return_dto=None,
        operation_id="uptimeifyAddMonitorTag",
        summary="Put a tag on a monitor",
        responses={
            200: answers(MonitorTagAnswer, "The monitor has the tag, now or since earlier", TAGGED),
            **refusals(
                body=True,
                s400=f"monitorType must be one of {', '.join(TYPES)}",
                s403="Forbidden",
                s404=MONITOR_NOT_FOUND,
            ),
        },
    )
    async def tag_one_monitor(
        self,
        data: JSONBody[NewMonitorTagBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> MonitorTagAnswer:
        kinds = _KINDS.get(data.monitor_type)
        if kinds is None:
            rule = f"must be one of {', '.join(TYPES)}: there are no monitors of another type here"
            raise InvalidError("monitorType", rule)
        for number, missing in ((data.tag_id, TAG_NOT_FOUND), (data.monitor_id, MONITOR_NOT_FOUND)):
            if not 0 < number <= _LARGEST:
                raise NotFoundError(missing)
        done = await tag_monitor(services.database, principal, kinds, data.monitor_id, data.tag_id)
        return tagged_answer(data.monitor_type, done)


def _color(word: object) -> TagColor:
    """Raises CodedError."""
    if word is None:
        return TagColor.GRAY
    try:
        return TagColor(str(word))
    except ValueError:
        raise CodedError("invalidTagColor", "color", f"must be one of {', '.join(TagColor)}") from None
