"""Create, read, change and delete monitors."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions import monitors as rules
from controller.decisions.countries import country_list
from controller.decisions.targets import target_of
from controller.errors import ForbiddenError, NotFoundError, UnknownCustomerError
from controller.model import Monitor, MonitorStatus, Principal
from controller.store import accounts
from controller.store import monitors as store
from controller.store.pool import Database
from controller.vault import Vault
from shared.targets import SmtpTarget, kind_of

SMTP = kind_of(SmtpTarget)

CONFIG_FIELDS = {SMTP: "smtpConfig"}
"""What callers call the config of each kind."""


M = TypeVar("M", Monitor, store.NewMonitor)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """New values of a monitor; what is unset stays as it is. `config` is clear, with masks for secrets to keep."""

    name: str | UnsetType = UNSET
    hostname: str | UnsetType = UNSET
    port: int | UnsetType | None = UNSET
    status: MonitorStatus | UnsetType = UNSET
    interval_seconds: int | UnsetType = UNSET
    timeout_seconds: int | UnsetType = UNSET
    allowed_check_country_codes: list[str] | UnsetType | None = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    notification_email: str | UnsetType | None = UNSET
    notification_phone_number: str | UnsetType | None = UNSET


async def create_monitor(
    database: Database, vault: Vault, principal: Principal, kind: str, customer: int | UUID, change: Change
) -> Monitor:
    """Name and hostname must be set; what else is unset takes its default. The first round is due at once.

    Raises InvalidError, UnknownCustomerError, ForbiddenError.
    """
    owner = await accounts.customer_of(database, principal.organization_id, customer)
    if owner is None:
        raise UnknownCustomerError
    _require_customer(principal, owner.id)
    interval = rules.DEFAULT_INTERVAL_SECONDS if change.interval_seconds is UNSET else change.interval_seconds
    new = store.NewMonitor(
        organization_id=principal.organization_id,
        customer_id=owner.id,
        kind=kind,
        interval_seconds=interval,
        timeout_seconds=min(rules.DEFAULT_TIMEOUT_SECONDS, interval),
    )
    return await store.insert(database, _changed(new, change, vault))


async def get_monitor(database: Database, principal: Principal, kind: str, public_id: UUID) -> Monitor:
    """Raises NotFoundError; ForbiddenError when it is another customer's than the token's."""
    monitor = await store.by_public_id(database, principal.organization_id, kind, public_id)
    if monitor is None:
        raise NotFoundError
    _require_customer(principal, monitor.customer_id)
    return monitor


async def list_monitors(
    database: Database,
    principal: Principal,
    kind: str,
    *,
    page: int,
    per_page: int,
    customer: int | UUID | None = None,
    search: str | None = None,
) -> store.Page:
    """What the principal may see. Raises UnknownCustomerError, ForbiddenError."""
    customer_id = principal.customer_id
    if customer is not None:
        owner = await accounts.customer_of(database, principal.organization_id, customer)
        if owner is None:
            raise UnknownCustomerError
        _require_customer(principal, owner.id)
        customer_id = owner.id
    return await store.page_of(
        database,
        principal.organization_id,
        kind,
        page=page,
        per_page=per_page,
        customer_id=customer_id,
        search=search,
    )


async def update_monitor(
    database: Database, vault: Vault, principal: Principal, kind: str, public_id: UUID, change: Change
) -> Monitor:
    """Raises InvalidError, NotFoundError, ForbiddenError."""

    def decide(monitor: Monitor) -> Monitor:
        _require_customer(principal, monitor.customer_id)
        return _changed(monitor, change, vault)

    changed = await store.change(database, principal.organization_id, kind, public_id, decide)
    if changed is None:
        raise NotFoundError
    return changed


async def delete_monitor(database: Database, principal: Principal, kind: str, public_id: UUID) -> None:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, kind, public_id)
    if not await store.soft_delete(database, monitor.id):
        raise NotFoundError


def _changed(monitor: M, change: Change, vault: Vault) -> M:
    """The monitor with its new values, all rules kept. Raises InvalidError."""
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if "allowed_check_country_codes" in values:
        values["allowed_check_country_codes"] = country_list(
            values["allowed_check_country_codes"], field="allowedCheckCountryCodes"
        )
    changed = msgspec.structs.replace(monitor, **values)
    rules.check_name(changed.name)
    rules.check_port(changed.port)
    rules.check_timeout(changed.timeout_seconds, changed.interval_seconds)
    rules.check_email(changed.notification_email)
    rules.check_phone_number(changed.notification_phone_number)
    field = CONFIG_FIELDS[changed.kind]
    rules.check_config(changed.config, field=field)
    target_of(changed)
    if change.config is UNSET:
        return changed
    return msgspec.structs.replace(changed, config=vault.conceal(change.config, monitor.config, field=field))


def _require_customer(principal: Principal, customer_id: int) -> None:
    if principal.customer_id not in (None, customer_id):
        raise ForbiddenError
