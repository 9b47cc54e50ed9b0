"""`/api/v1/monitors/{id}/dependencies`: on which others a monitor depends."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Request, Response, get, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.operations.monitors.dependencies import (
    MOST_CHILDREN,
    MOST_PARENTS,
    Dependencies,
    LinkedMonitor,
    dependencies_of,
    set_parents,
)
from shared.wire.targets import KINDS

__all__ = ["BODIES", "ROUTES"]

_Request = Request[Principal, Any, Any]
_TAGS = ["Monitors"]
_PATH = "/api/v1/monitors/{public_id:str}/dependencies"
_PARENT = "33333333-3333-4333-8333-333333333334"
_ABOUT = """\
While a monitor that this one depends on has an open incident, nobody is notified of this one. Its own incident is shown
all the same. People are notified of it when a check after the end of that incident shows that it still lasts.
"""


class DependenciesBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """On which monitors this one depends: all of them, so those that are left out are removed."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"dependsOn": [_PARENT]}
    IGNORED: ClassVar[frozenset[str]] = frozenset({"parents", "children"})

    depends_on: Annotated[
        list[UUID],
        Meta(
            description=f"Ids of other monitors of the organization, at most {MOST_PARENTS}; no circle.",
            examples=[[_PARENT]],
            extra_json_schema={"maxItems": MOST_PARENTS},
        ),
    ]


class LinkedItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor by its name."""

    id: Annotated[UUID, Meta(description="Of `/api/v1/monitors/{id}`.")]
    name: Annotated[str, Meta(description="The monitor's.")]


class DependenciesItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the caller may see of it."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"parents", "children"})

    depends_on: Annotated[list[UUID], Meta(description="The monitors on which this one depends.")]
    parents: Annotated[list[LinkedItem], Meta(description="The same with their names.")]
    children: Annotated[list[LinkedItem], Meta(description=f"Those that depend on this one; {MOST_CHILDREN} at most.")]


BODIES = (DependenciesBody, DependenciesItem)
EXAMPLE: dict[str, Any] = {
    "dependsOn": [_PARENT],
    "parents": [{"id": _PARENT, "name": "Router of the data centre"}],
    "children": [],
}
_ITEM = answers(DependenciesItem, "On which monitors it depends, and which depend on it", EXAMPLE)


def dependencies_item(found: Dependencies) -> DependenciesItem:
    return DependenciesItem(
        depends_on=[one.public_id for one in found.parents],
        parents=[_linked(one) for one in found.parents],
        children=[_linked(one) for one in found.children],
    )


def _linked(one: LinkedMonitor) -> LinkedItem:
    return LinkedItem(id=one.public_id, name=one.name)


@get(
    _PATH,
    operation_id="getMonitorDependencies",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="On which others a monitor depends",
    description=_ABOUT,
    responses={200: _ITEM, **problems(s400="id must be a UUID", s403="Forbidden", s404="Not found")},
)
async def read_dependencies(
    request: _Request,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[DependenciesItem]:
    found = await dependencies_of(services.database, principal, KINDS, path_id(public_id))
    return tagged(request, dependencies_item(found))


@put(
    _PATH,
    operation_id="putMonitorDependencies",
    opt={PERMISSION: Permission.CHANGE},
    dto=JsonBody[DependenciesBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Set on which others a monitor depends",
    description=_ABOUT,
    responses={
        200: _ITEM,
        **problems(
            body=True,
            s400="dependsOn must not make a circle",
            s403="Forbidden",
            s404="Not found",
            s412="The object has changed",
        ),
    },
)
async def put_dependencies(
    request: _Request,
    public_id: PublicId,
    data: JSONBody[DependenciesBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[DependenciesItem]:
    def check(found: Dependencies) -> None:
        require_match(request, dependencies_item(found))

    changed = await set_parents(
        services.database, principal, KINDS, path_id(public_id), data.depends_on, require_state=check
    )
    return tagged(request, dependencies_item(changed))


ROUTES: list[ControllerRouterHandler] = [read_dependencies, put_dependencies]
