"""Read, set and delete the packages that an organization offers its customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from controller.decisions.access import Permission, permits
from controller.decisions.packages import check_package, check_package_type, fields_set
from controller.errors import ForbiddenError, InvalidError, NotFoundError, WrongStateError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.packages import Package, PackageSettings, UsedPackage
from controller.model.values.field_names import camel
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.store.accounts import organizations
from controller.store.accounts import packages as store
from controller.store.on_call import due
from controller.store.platform.pool import Database

NOT_FOUND = "Package config not found"


async def list_packages(database: Database, principal: Principal) -> list[UsedPackage]:
    """The packages of the principal's organization, oldest first."""
    if not permits(principal, Permission.READ):
        raise ForbiddenError
    async with database.connection() as connection:
        return await store.packages_of(connection, principal.organization_id)


async def get_package(database: Database, principal: Principal, package_type: str) -> Package:
    """Raises NotFoundError."""
    if not permits(principal, Permission.READ):
        raise ForbiddenError
    async with database.connection() as connection:
        found = await store.by_type(connection, principal.organization_id, _storable(package_type))
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return found


async def set_package(
    database: Database,
    principal: Principal,
    package_type: str,
    change: Mapping[str, Any],
    *,
    expect: Callable[[Package | None], None] = lambda _: None,
    every_breach: bool = False,
) -> Package:
    """Make a package, or change these fields of PackageSettings. `expect` looks at the package as it is while nobody
    else can change it, and raises what it will. Raises InvalidError, with `every_breach` of a rule or the first, and
    ForbiddenError.
    """
    number = principal.organization_id
    require(principal, Permission.MANAGE_ORGANIZATION, number, None)
    package_type = package_type.strip()
    check_package_type(package_type)
    async with database.one_transaction() as own:
        await organizations.lock(own, number)
        async with own.connection() as connection:
            before = await store.by_type(connection, number, package_type)
            expect(before)
            if before is None and len(await store.types_of(connection, number)) >= store.MOST:
                raise InvalidError("packageType", f"is one too many: there may be {store.MOST} packages")
            kept = PackageSettings(display_name=package_type) if before is None else _settings(before)
            changed = msgspec.structs.replace(kept, **change)
            if not changed.display_name.strip():
                changed = msgspec.structs.replace(changed, display_name=package_type)
            check_package(changed, every=every_breach)
            after = await store.put(connection, number, package_type, changed)
            await due.review_all(connection, number)
        action = AuditAction.PACKAGE_CREATED if before is None else AuditAction.PACKAGE_CHANGED
        await record_about(own, principal, action, _about(after), before=_shown(before), after=_shown(after))
    return after


async def delete_package(
    database: Database,
    principal: Principal,
    package_type: str,
    *,
    expect: Callable[[Package], None] = lambda _: None,
) -> None:
    """Raises WrongStateError while customers have it, NotFoundError, ForbiddenError, and what `expect` raises, which
    looks at the package while nobody else can change it.
    """
    number = principal.organization_id
    require(principal, Permission.MANAGE_ORGANIZATION, number, None)
    async with database.one_transaction() as own:
        await organizations.lock(own, number)
        async with own.connection() as connection:
            found = await store.by_type(connection, number, _storable(package_type))
            if found is None:
                raise NotFoundError(NOT_FOUND)
            expect(found)
            used = await store.customers_with(connection, found)
            if used:
                who = "1 customer has it" if used == 1 else f"{used:,} customers have it"
                raise WrongStateError(f"The package cannot be deleted: {who}")
            await store.delete(connection, found)
        await record_about(own, principal, AuditAction.PACKAGE_DELETED, _about(found), before=_shown(found))


def _settings(package: Package) -> PackageSettings:
    return PackageSettings(**fields_set(package))


def _about(package: Package) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.PACKAGE,
        id=package.package_type,
        name=package.display_name,
        organization_id=package.organization_id,
    )


def _shown(package: Package | None) -> dict[str, Any] | None:
    if package is None:
        return None
    return {camel(name): value for name, value in fields_set(package).items()}


def _storable(text: str) -> str:
    """A key that PostgreSQL can look for; one that it cannot is no package's."""
    if "\0" in text:
        raise NotFoundError(NOT_FOUND)
    return text
