"""`/api/v1/packages`."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.packages.schemas import (
    BODIES,
    NAMES,
    PackageBody,
    PackageItem,
    PackagePage,
    PackagePatch,
    package_change,
    package_item,
)
from controller.decisions.access import Permission
from controller.errors import AlreadyExistsError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.mistakes import named
from controller.http.etags import require_match, tagged
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.packages import Package
from controller.operations.accounts import packages
from controller.operations.accounts.packages import NOT_FOUND

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Packages"]
_PATH = "/api/v1/packages"
_ONE = f"{_PATH}/{{key:str}}"
_READING = {PERMISSION: Permission.READ}
_MANAGING = {PERMISSION: Permission.MANAGE_ORGANIZATION}
_PACKAGE = answers(PackageItem, "The package", PackageItem.EXAMPLE)
_REFUSED = "alertConsecutiveChecks must be from 1 to 100, or null"
_TAKEN = "A package with this key exists already"
_LOST = "The object has changed"
_ABOUT = """\
What the organization offers its customers: thresholds of alarms, limits, and kinds of channels. A customer's `package`
names one by its key. What a package leaves out is as it is without a package.
"""

PackageKeyPath = Annotated[
    str, PathParameter(name="key", description="The package's key.", schema_extra={"examples": ["pro"]})
]


@get(
    _PATH,
    operation_id="listPackages",
    opt=_READING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the packages",
    description=_ABOUT,
    responses={
        200: answers(PackagePage, "All of them", {"items": [PackageItem.EXAMPLE], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_packages(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PackagePage:
    found = await packages.list_packages(services.database, principal)
    return PackagePage(items=[package_item(one.package) for one in found], next_cursor=None)


@post(
    _PATH,
    operation_id="createPackage",
    opt=_MANAGING,
    dto=JsonBody[PackageBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Make a package",
    description=_ABOUT,
    responses={
        201: answers(PackageItem, "The package", PackageItem.EXAMPLE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s409=_TAKEN),
    },
)
async def create_package(
    request: Request[Any, Any, Any],
    data: JSONBody[PackageBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PackageItem]:
    def expect(found: Package | None) -> None:
        if found is not None:
            raise AlreadyExistsError(_TAKEN)

    with named(NAMES):
        made = await packages.set_package(
            services.database, principal, data.key, package_change(data), expect=expect, every_breach=True
        )
    answer = tagged(request, package_item(made), status_code=201)
    answer.headers["Location"] = f"{_PATH}/{quote(made.package_type, safe='')}"
    return answer


@get(
    _ONE,
    operation_id="getPackage",
    opt=_READING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read a package",
    responses={200: _PACKAGE, **problems(s403="Forbidden", s404=NOT_FOUND)},
)
async def get_package(
    request: Request[Any, Any, Any],
    key: PackageKeyPath,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PackageItem]:
    return tagged(request, package_item(await packages.get_package(services.database, principal, key)))


@patch(
    _ONE,
    operation_id="updatePackage",
    opt=_MANAGING,
    dto=JsonBody[PackagePatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change a package, for all its customers",
    responses={
        200: _PACKAGE,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=NOT_FOUND, s412=_LOST),
    },
)
async def update_package(
    request: Request[Any, Any, Any],
    key: PackageKeyPath,
    data: JSONBody[PackagePatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[PackageItem]:
    def expect(found: Package | None) -> None:
        if found is None:
            raise NotFoundError(NOT_FOUND)
        require_match(request, package_item(found))

    with named(NAMES):
        changed = await packages.set_package(
            services.database, principal, key, package_change(data), expect=expect, every_breach=True
        )
    return tagged(request, package_item(changed))


@delete(
    _ONE,
    operation_id="deletePackage",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete a package that no customer has",
    responses=problems(
        s403="Forbidden", s404=NOT_FOUND, s409="The package cannot be deleted: 2 customers have it", s412=_LOST
    ),
)
async def delete_package(
    request: Request[Any, Any, Any],
    key: PackageKeyPath,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    def expect(found: Package) -> None:
        require_match(request, package_item(found))

    await packages.delete_package(services.database, principal, key, expect=expect)


ROUTES: list[ControllerRouterHandler] = [list_packages, create_package, get_package, update_package, delete_package]
