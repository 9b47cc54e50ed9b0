"""Create, read, change and delete monitors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from controller.decisions.access import Permission, limits_to, may_change
from controller.decisions.monitors import monitors as rules
from controller.errors import ForbiddenError, NotFoundError, UnknownCustomerError
from controller.kinds import default_interval
from controller.model import Customer, Monitor, MonitorChange, Principal
from controller.model.audit import AuditAction
from controller.operations.access import require
from controller.operations.audit.recording import Deciding, record
from controller.operations.monitors.changed import Kinds, Strictness, changed_monitor
from controller.store.accounts import customers, packages
from controller.store.monitors import monitors as store
from controller.store.platform.pool import Database
from controller.vault import Vault

__all__ = [
    "Kinds",
    "Strictness",
    "create_monitor",
    "delete_monitor",
    "get_monitor",
    "list_monitors",
    "monitor_for",
    "owner_of",
    "some_monitors",
    "update_monitor",
]

_VENDORS = Strictness()


async def create_monitor(
    database: Database,
    vault: Vault,
    principal: Principal,
    kinds: Kinds,
    customer: int | UUID,
    change: MonitorChange,
    *,
    strictness: Strictness = _VENDORS,
) -> Monitor:
    """Create a monitor. Name and hostname must be set; the rest has defaults. Its first round is due at once.

    Raises InvalidError, UnknownCustomerError, ForbiddenError, AlreadyExistsError.
    """
    owner = await customers.customer_of(database, principal.works_in, customer)
    if owner is None:
        raise UnknownCustomerError
    require(principal, Permission.CREATE, owner.organization_id, owner.id)
    strictness = await _by_package(database, owner.id, strictness)
    usual = max(default_interval(kinds), (strictness.least_minutes or 0) * 60)
    interval = usual if change.interval_seconds is UNSET else change.interval_seconds
    new = store.NewMonitor(
        organization_id=owner.organization_id,
        customer_id=owner.id,
        kind=kinds[0],
        interval_seconds=interval,
        timeout_seconds=min(rules.DEFAULT_TIMEOUT_SECONDS, interval),
    )
    changed = changed_monitor(new, kinds, change, vault, strictness)
    async with database.one_transaction() as own:
        made = await store.insert(own, changed)
        await record(own, principal, AuditAction.MONITOR_CREATED, after=made)
    return made


async def get_monitor(database: Database, principal: Principal, kinds: Kinds, identifier: int | UUID) -> Monitor:
    """Raises NotFoundError; ForbiddenError for a monitor of a customer that the principal may not see."""
    return await monitor_for(database, principal, Permission.READ, kinds, identifier)


async def owner_of(database: Database, monitor: Monitor) -> Customer:
    """The customer of a monitor that the principal may see. Raises NotFoundError when both were deleted meanwhile."""
    owner = await customers.customer_of(database, monitor.organization_id, monitor.customer_id)
    if owner is None:
        raise NotFoundError
    return owner


async def list_monitors(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    *,
    page: int,
    per_page: int,
    customer: int | UUID | None = None,
    search: str | None = None,
) -> store.MonitorPage:
    """The monitors that the principal may see. Raises UnknownCustomerError, ForbiddenError."""
    customer_ids = principal.customer_ids
    if customer is not None:
        owner = await customers.customer_of(database, principal.organization_id, customer)
        if owner is None:
            raise UnknownCustomerError
        require(principal, Permission.READ, owner.organization_id, owner.id)
        customer_ids = frozenset({owner.id})
    return await store.page_of(
        database,
        principal.organization_id,
        kinds,
        limit=per_page,
        offset=(page - 1) * per_page,
        customer_ids=customer_ids,
        search=search,
    )


async def some_monitors(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    *,
    limit: int,
    offset: int,
    numbers: Sequence[int] | None = None,
) -> store.MonitorPage:
    """The monitors that the principal may see, oldest first; only those with these `numbers`, if any are given."""
    return await store.page_of(
        database,
        principal.organization_id,
        kinds,
        limit=limit,
        offset=offset,
        customer_ids=principal.customer_ids,
        numbers=numbers,
    )


async def update_monitor(
    database: Database,
    vault: Vault,
    principal: Principal,
    kinds: Kinds,
    identifier: int | UUID,
    change: MonitorChange | Callable[[Monitor], MonitorChange],
    *,
    strictness: Strictness = _VENDORS,
) -> Monitor:
    """`change` may depend on the monitor as it is now. Raises InvalidError, NotFoundError, ForbiddenError,
    AlreadyExistsError.
    """

    def decide(monitor: Monitor) -> Monitor:
        require(principal, Permission.CHANGE, monitor.organization_id, monitor.customer_id)
        new_values = change if isinstance(change, MonitorChange) else change(monitor)
        if not may_change(principal, new_values.values()):
            raise ForbiddenError
        return changed_monitor(monitor, kinds, new_values, vault, allowed)

    found = await store.by_identifier(database, limits_to(principal), kinds, identifier)
    allowed = strictness if found is None else await _by_package(database, found.customer_id, strictness)
    deciding = Deciding(decide)
    async with database.one_transaction() as own:
        changed = await store.change(own, limits_to(principal), kinds, identifier, deciding)
        if changed is None:
            raise NotFoundError
        await record(own, principal, AuditAction.MONITOR_CHANGED, before=deciding.before, after=changed)
    return changed


async def delete_monitor(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    identifier: int | UUID,
    *,
    agreed: Callable[[Monitor], None] | None = None,
) -> None:
    """`agreed` may refuse the monitor as it is now, by an error. Raises NotFoundError, ForbiddenError."""
    monitor = await monitor_for(database, principal, Permission.DELETE, kinds, identifier)
    async with database.one_transaction() as own:
        if agreed is not None:
            locked = await store.locked(own, monitor.id)
            if locked is None:
                raise NotFoundError
            agreed(locked)
        if not await store.soft_delete(own, monitor.id):
            raise NotFoundError
        await record(own, principal, AuditAction.MONITOR_DELETED, before=monitor)


async def _by_package(database: Database, customer_id: int, strictness: Strictness) -> Strictness:
    """The same with what the package of the customer allows."""
    async with database.connection() as connection:
        return replace(strictness, least_minutes=await packages.least_minutes(connection, customer_id))


async def monitor_for(
    database: Database, principal: Principal, permission: Permission, kinds: Kinds, identifier: int | UUID
) -> Monitor:
    """The monitor, when the principal has `permission` for it. Raises NotFoundError, ForbiddenError."""
    monitor = await store.by_identifier(database, limits_to(principal), kinds, identifier)
    if monitor is None:
        raise NotFoundError
    require(principal, permission, monitor.organization_id, monitor.customer_id)
    return monitor
