"""Add, list and rename organizations: for global admins, and for commands, which run with all rights."""

from __future__ import annotations

import msgspec

from controller.decisions.access import GLOBAL, Permission, permits
from controller.decisions.monitors.monitors import check_name
from controller.errors import AlreadyExistsError, ForbiddenError, NotFoundError
from controller.model import Organization, Principal
from controller.model.audit import Actor, AuditAction
from controller.operations.audit.recording import Deciding, record
from controller.store.accounts import all_organizations as store
from controller.store.accounts import organizations
from controller.store.accounts.all_organizations import ListedOrganization
from controller.store.platform.pool import Database

FIRST_CUSTOMER = "Default"
"""The name of the customer that each organization begins with: every monitor belongs to one."""

_TAKEN = "An organization with this name exists already"


async def create_organization(database: Database, principal: Principal, name: str) -> Organization:
    """Add an organization with one customer. Raises InvalidError, ForbiddenError, AlreadyExistsError."""
    if not permits(principal, Permission.MANAGE_ALL_ORGANIZATIONS):
        raise ForbiddenError
    return await add_organization(database, principal, name)


async def add_organization(
    database: Database, by: Principal | Actor, name: str, customer: str = FIRST_CUSTOMER
) -> Organization:
    """`create_organization` without a check of `by`. Raises InvalidError, AlreadyExistsError."""
    name = name.strip()
    check_name(name)
    check_name(customer, field="customer")
    async with database.one_transaction() as own:
        number = await store.insert(own, name, customer)
        made = None if number is None else await organizations.by_id(own, number)
        if made is None:
            raise AlreadyExistsError(_TAKEN)
        await record(own, by, AuditAction.ORGANIZATION_CREATED, after=made, besides={"customer": customer})
    return made


async def list_organizations(database: Database, principal: Principal) -> list[ListedOrganization]:
    """Every organization, the oldest first, for global roles; for all others their own."""
    return await store.listed(database, None if principal.role in GLOBAL else principal.organization_id)


async def rename_organization(database: Database, by: Actor, organization: Organization, name: str) -> Organization:
    """Raises InvalidError, AlreadyExistsError, and NotFoundError when it is gone."""
    name = name.strip()
    check_name(name)
    deciding = Deciding[Organization](lambda found: msgspec.structs.replace(found, name=name))
    async with database.one_transaction() as own:
        if await store.is_taken(own, name, but=organization.id):
            raise AlreadyExistsError(_TAKEN)
        changed = await organizations.change(own, organization.id, deciding)
        if changed is None:
            raise NotFoundError("Organization not found")
        await record(own, by, AuditAction.ORGANIZATION_CHANGED, before=deciding.before, after=changed)
    return changed
