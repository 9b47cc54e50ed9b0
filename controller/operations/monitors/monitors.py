"""Create, read, change and delete monitors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from controller.decisions.access import Permission, limits_to, may_change
from controller.decisions.monitors import monitors as rules
from controller.decisions.monitors.texts import check_texts
from controller.errors import ForbiddenError, NotFoundError, UnknownCustomerError
from controller.kinds import config_field, default_interval, kind_for, kind_named, target_of
from controller.model import Customer, Monitor, MonitorChange, Principal
from controller.model.audit import AuditAction
from controller.model.values.countries import country_list
from controller.operations.access import require
from controller.operations.audit.recording import Deciding, record
from controller.store.accounts import customers
from controller.store.monitors import monitors as store
from controller.store.platform.pool import Database
from controller.vault import Vault

Kinds: TypeAlias = tuple[str, ...]
"""The kinds of one type of monitor, as controller.kinds.IMAP_POP. Operations find and create only monitors of these
kinds.
"""

M = TypeVar("M", Monitor, store.NewMonitor)


async def create_monitor(
    database: Database,
    vault: Vault,
    principal: Principal,
    kinds: Kinds,
    customer: int | UUID,
    change: MonitorChange,
    *,
    longest_timeout_seconds: int | None = None,
) -> Monitor:
    """Create a monitor. Name and hostname must be set; the rest has defaults. Its first round is due at once.

    Raises InvalidError, UnknownCustomerError, ForbiddenError.
    """
    owner = await customers.customer_of(database, principal.works_in, customer)
    if owner is None:
        raise UnknownCustomerError
    require(principal, Permission.CREATE, owner.organization_id, owner.id)
    interval = default_interval(kinds) if change.interval_seconds is UNSET else change.interval_seconds
    new = store.NewMonitor(
        organization_id=owner.organization_id,
        customer_id=owner.id,
        kind=kinds[0],
        interval_seconds=interval,
        timeout_seconds=min(rules.DEFAULT_TIMEOUT_SECONDS, interval),
    )
    changed = _changed(new, kinds, change, vault, longest_timeout_seconds)
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
    longest_timeout_seconds: int | None = None,
) -> Monitor:
    """`change` may depend on the monitor as it is now. Raises InvalidError, NotFoundError, ForbiddenError."""

    def decide(monitor: Monitor) -> Monitor:
        require(principal, Permission.CHANGE, monitor.organization_id, monitor.customer_id)
        new_values = change if isinstance(change, MonitorChange) else change(monitor)
        if not may_change(principal, new_values.values()):
            raise ForbiddenError
        return _changed(monitor, kinds, new_values, vault, longest_timeout_seconds)

    deciding = Deciding(decide)
    async with database.one_transaction() as own:
        changed = await store.change(own, limits_to(principal), kinds, identifier, deciding)
        if changed is None:
            raise NotFoundError
        await record(own, principal, AuditAction.MONITOR_CHANGED, before=deciding.before, after=changed)
    return changed


async def delete_monitor(database: Database, principal: Principal, kinds: Kinds, identifier: int | UUID) -> None:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await monitor_for(database, principal, Permission.DELETE, kinds, identifier)
    async with database.one_transaction() as own:
        if not await store.soft_delete(own, monitor.id):
            raise NotFoundError
        await record(own, principal, AuditAction.MONITOR_DELETED, before=monitor)


def _changed(monitor: M, kinds: Kinds, change: MonitorChange, vault: Vault, longest_timeout_seconds: int | None) -> M:
    """The monitor with its new values, checked against all rules. Raises InvalidError."""
    values = change.values()
    if "allowed_check_country_codes" in values:
        values["allowed_check_country_codes"] = country_list(
            values["allowed_check_country_codes"], field="allowedCheckCountryCodes"
        )
    if change.hostname not in (UNSET, monitor.hostname):
        values.setdefault("resolve_dns", True)  # the address of the old host is not that of the new one
    changed = msgspec.structs.replace(monitor, **values)
    rules.check_name(changed.name)
    rules.check_port(changed.port)
    field = config_field(kinds[0])
    rules.check_config(changed.config, field=field)
    kind = kind_named(kind_for(kinds, changed.config))
    # A value that another group of routes has set stays when it is sent back, and while another field is changed.
    if changed.timeout_seconds != monitor.timeout_seconds:
        rules.check_timeout(changed.timeout_seconds, longest=longest_timeout_seconds or kind.longest_timeout_seconds)
    if isinstance(monitor, store.NewMonitor) or changed.interval_seconds != monitor.interval_seconds:
        kind.check_interval(changed.interval_seconds)
    rules.check_timeout_ends(changed.timeout_seconds, changed.interval_seconds)
    rules.check_email(changed.notification_email)
    rules.check_phone_number(changed.notification_phone_number)
    check_texts(changed)
    changed = msgspec.structs.replace(
        changed, kind=kind.name, evaluation_deadline_seconds=kind.evaluation_deadline_seconds
    )
    target_of(changed)
    if change.config is UNSET:
        return changed
    return msgspec.structs.replace(changed, config=vault.conceal(change.config, monitor.config, field=field))


async def monitor_for(
    database: Database, principal: Principal, permission: Permission, kinds: Kinds, identifier: int | UUID
) -> Monitor:
    """The monitor, when the principal has `permission` for it. Raises NotFoundError, ForbiddenError."""
    monitor = await store.by_identifier(database, limits_to(principal), kinds, identifier)
    if monitor is None:
        raise NotFoundError
    require(principal, permission, monitor.organization_id, monitor.customer_id)
    return monitor
