"""`/api/v1/organizations/{id}/…` and `/api/v1/customers/{id}/…` for each kind of such settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Request, Response, get, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.layered_settings import grouping, reminders
from controller.api.v1.layered_settings.kind import SettingsKind
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import body_of
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.operations.accounts.settings import SettingOwner, customer_owner, organization_owner
from controller.operations.incidents.layered_settings import LayeredView, change_settings, read_settings
from controller.store.platform.pool import Database

__all__ = ["BODIES", "ROUTES"]

_KINDS = (grouping.KIND, reminders.KIND)
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_NO_ID = "id must be a UUID"
_NOT_THERE = "Not found"


class _Owners(NamedTuple):
    """Whose settings a route is about. `find` raises NotFoundError, ForbiddenError."""

    path: str
    name: str
    find: Callable[[Database, Principal, UUID], Awaitable[SettingOwner]]
    not_found: str


_OWNERS = (
    _Owners("organizations", "Organization", organization_owner, _NOT_THERE),
    _Owners("customers", "Customer", customer_owner, "Customer not found"),
)


def _handlers(kind: SettingsKind, owners: _Owners) -> Iterator[ControllerRouterHandler]:
    path = f"/api/v1/{owners.path}/{{public_id:str}}/{kind.path}"
    about = f"{kind.subject}, for {'an organization' if owners.find is organization_owner else 'a customer'}"
    item = answers(kind.item, "What is set, and what holds", kind.example)
    described: Mapping[str, Any] = {
        "opt": _MANAGING,
        "security": SECURITY,
        "tags": [kind.tag],
        "description": kind.about,
    }

    def shown(view: LayeredView[Any, Any]) -> msgspec.Struct:
        return kind.item(**msgspec.structs.asdict(view.own), in_force=kind.shown(view.in_force))

    @get(
        path,
        operation_id=f"get{owners.name}{kind.name}",
        summary=f"Read {about}",
        responses={200: item, **problems(s400=_NO_ID, s403="Forbidden", s404=owners.not_found)},
        **described,
    )
    async def read(
        request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
    ) -> Response[Any]:
        owner = await owners.find(services.database, principal, path_id(public_id))
        return tagged(request, shown(await read_settings(services.database, kind.settings, owner)))

    @put(
        path,
        operation_id=f"put{owners.name}{kind.name}",
        dto=body_of(kind.body),
        return_dto=None,
        summary=f"Set {about}",
        responses={
            200: item,
            **problems(
                body=True,
                s400=kind.refused,
                s403="Forbidden",
                s404=owners.not_found,
                s412="The object has changed",
            ),
        },
        **described,
    )
    async def replace(
        request: Request[Any, Any, Any],
        public_id: PublicId,
        data: JSONBody[Any],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> Response[Any]:
        owner = await owners.find(services.database, principal, path_id(public_id))
        changed = await change_settings(
            services.database,
            principal,
            kind.settings,
            owner,
            kind.settings.own(**msgspec.structs.asdict(data)),
            require_state=lambda view: require_match(request, shown(view)),
        )
        return tagged(request, shown(changed))

    yield read
    yield replace


ROUTES: list[ControllerRouterHandler] = [
    handler for kind in _KINDS for owners in _OWNERS for handler in _handlers(kind, owners)
]
BODIES = tuple(struct for kind in _KINDS for struct in (kind.body, kind.item))
