"""`/api/package-configs` as Uptimeify's clients know them (docs/compatibility.md, U31)."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, patch
from litestar.params import JSONBody, PathParameter

from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.api.compat.uptimeify.packages.schemas import (
    EXAMPLE,
    ListedPackageConfig,
    PackageConfigAnswer,
    PackageConfigUpdate,
    listed_package,
    package_answer,
    package_change,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import packages
from controller.operations.accounts.packages import NOT_FOUND

PackageType = Annotated[
    str, PathParameter(description="The key by which customers name it.", schema_extra={"examples": ["pro"]})
]


class PackageConfigs(Controller):
    path = "/api/package-configs"
    tags = ("Package configs",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyListPackageConfigs",
        summary="List the packages",
        responses={
            200: answers(list[ListedPackageConfig], "Oldest first", [EXAMPLE | {"usedByCustomerCount": 4}]),
            **refusals(s403="Forbidden"),
        },
    )
    async def package_list(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> list[ListedPackageConfig]:
        return [listed_package(found) for found in await packages.list_packages(services.database, principal)]

    @get(
        "/{package_type:str}",
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyGetPackageConfig",
        summary="Get a package",
        responses={
            200: answers(PackageConfigAnswer, "The package", EXAMPLE),
            **refusals(s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def package_config(
        self,
        package_type: PackageType,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> PackageConfigAnswer:
        return package_answer(await packages.get_package(services.database, principal, package_type))

    @patch(
        "/{package_type:str}",
        opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
        dto=JsonBody[PackageConfigUpdate],
        return_dto=None,
        operation_id="uptimeifyUpdatePackageConfig",
        summary="Make or change a package",
        responses={
            200: answers(PackageConfigAnswer, "The package as it is now", EXAMPLE),
            **refusals(body=True, s400="alertConsecutiveChecks must be from 1 to 100, or null", s403="Forbidden"),
        },
    )
    async def upsert_package_config(
        self,
        package_type: PackageType,
        data: JSONBody[PackageConfigUpdate],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> PackageConfigAnswer:
        made = await packages.set_package(services.database, principal, package_type, package_change(data))
        return package_answer(made)

    @delete(
        "/{package_type:str}",
        opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
        status_code=200,
        operation_id="uptimeifyDeletePackageConfig",
        summary="Delete a package that no customer has",
        responses={
            200: answers(DeleteAnswer, "Deleted", {"success": True}),
            **refusals(s403="Forbidden", s404=NOT_FOUND, s409="The package cannot be deleted: 2 customers have it"),
        },
    )
    async def delete_package_config(
        self,
        package_type: PackageType,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> DeleteAnswer:
        await packages.delete_package(services.database, principal, package_type)
        return DeleteAnswer(success=True)
