"""Create, read and change customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, Reach, limits_to, reaches
from controller.decisions.breaches import Breaches
from controller.decisions.monitors.monitors import check_config, check_email, check_name, check_phone_number
from controller.decisions.notification.rules import check_rules, with_rules
from controller.decisions.packages import check_known
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.kinds import check_types
from controller.model import Customer, Principal
from controller.model.audit import AuditAction
from controller.model.values.countries import country_list
from controller.model.values.texts import check_text
from controller.operations.audit.recording import Deciding, record
from controller.store.accounts import customers as store
from controller.store.accounts import organizations, packages, pages
from controller.store.notifications.sms_usage import sent_this_month
from controller.store.platform.pool import Database

STATUSES = ("active", "marked_for_cancellation")
_UNKNOWN = "Customer not found"
_NUMBERS = 2**63
_THRESHOLDS = range(1, 1000 + 1)

C = TypeVar("C", Customer, store.NewCustomer)


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; what is unset stays as it is. Of the rules only the given ones are replaced; None removes one."""

    name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    status: str | UnsetType = UNSET
    package_type: str | UnsetType | None = UNSET
    notification_email: str | UnsetType | None = UNSET
    notification_phone_number: str | UnsetType | None = UNSET
    allowed_check_country_codes: list[str] | UnsetType | None = UNSET
    alert_location_threshold_count: int | UnsetType | None = UNSET
    monthly_reports_enabled: bool | UnsetType = UNSET
    custom_fields: dict[str, Any] | UnsetType | None = UNSET
    notification_rules: Mapping[str, Any] | UnsetType | None = UNSET


async def list_customers(database: Database, principal: Principal) -> list[Customer]:
    """The customers that the principal may see, the oldest first."""
    return await store.customers_of(database, principal.organization_id, principal.customer_ids)


async def get_customer(database: Database, principal: Principal, identifier: int | UUID) -> Customer:
    """Raises NotFoundError, ForbiddenError."""
    return await customer_for(database, principal, Permission.READ, identifier)


async def sms_usage(database: Database, shown: Sequence[Customer]) -> dict[int, int]:
    """How many text messages were sent this month about the incidents of these customers, which the principal may see;
    by number, without those that had none.
    """
    return await sent_this_month(database, [customer.id for customer in shown])


async def monitor_counts(database: Database, shown: Sequence[Customer]) -> dict[int, int]:
    """How many monitors these customers have, which the principal may see; by number, without those that have none."""
    return await pages.monitor_counts(database, [customer.id for customer in shown])


async def create_customer(
    database: Database,
    principal: Principal,
    organization_id: int,
    change: CustomerChange,
    *,
    every_breach: bool = False,
) -> Customer:
    """Create a customer. `name` must be set. Raises InvalidError, with `every_breach` of a rule or the first, and
    ForbiddenError.
    """
    reach = reaches(principal, Permission.MANAGE_CUSTOMERS, organization_id=organization_id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError
    if not 0 < organization_id < _NUMBERS or await organizations.by_id(database, organization_id) is None:
        raise InvalidError("organizationId", "is not known", message="Invalid organizationId")
    known = await _packages(database, organization_id)
    new = _changed(store.NewCustomer(organization_id=organization_id), change, known, every=every_breach)
    async with database.one_transaction() as own:
        made = await store.insert(own, new)
        await record(own, principal, AuditAction.CUSTOMER_CREATED, after=made)
    return made


async def update_customer(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    change: CustomerChange | Callable[[Customer], CustomerChange],
    *,
    every_breach: bool = False,
) -> Customer:
    """`change` may depend on the customer as it is, while it is locked. Raises InvalidError, with `every_breach` of a
    rule or the first, and NotFoundError, ForbiddenError.
    """
    customer = await customer_for(database, principal, Permission.MANAGE_CUSTOMERS, identifier)
    known = await _packages(database, customer.organization_id)
    deciding = Deciding[Customer](
        lambda found: _changed(found, change(found) if callable(change) else change, known, every=every_breach)
    )
    async with database.one_transaction() as own:
        changed = await store.change(own, customer.id, deciding)
        if changed is None:
            raise NotFoundError(_UNKNOWN)
        await record(own, principal, AuditAction.CUSTOMER_CHANGED, before=deciding.before, after=changed)
    return changed


async def customer_for(
    database: Database, principal: Principal, permission: Permission, identifier: int | UUID
) -> Customer:
    """The customer, when the principal has `permission` for it. Raises NotFoundError, ForbiddenError."""
    customer = await store.customer_of(database, limits_to(principal), identifier)
    if customer is None:
        raise NotFoundError(_UNKNOWN)
    reach = reaches(principal, permission, organization_id=customer.organization_id, customer_id=customer.id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError
    return customer


async def _packages(database: Database, organization_id: int) -> list[str]:
    async with database.connection() as connection:
        return await packages.types_of(connection, organization_id)


def _changed(customer: C, change: CustomerChange, packages_known: Collection[str], *, every: bool) -> C:
    """The customer with its new values, checked against all rules. Raises InvalidError."""
    found = Breaches()
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if "allowed_check_country_codes" in values:
        codes = values["allowed_check_country_codes"]
        with found.noted():
            values["allowed_check_country_codes"] = country_list(codes, field="allowedCheckCountryCodes")
    if "notification_rules" in values:
        sent = values.pop("notification_rules")
        with found.noted():
            check_rules(sent, check_types(), field="notificationRules")
            values["notification_rules"] = with_rules(customer.notification_rules, sent)
    changed = msgspec.structs.replace(customer, **values)
    with found.noted():
        check_name(changed.name)
    with found.noted():
        check_email(changed.email, field="email")
    with found.noted():
        check_status(changed.status)
    with found.noted():
        check_text(changed.package_type, field="packageType")
        if changed.package_type != customer.package_type:
            check_known(changed.package_type, packages_known)
    with found.noted():
        check_email(changed.notification_email)
    with found.noted():
        check_phone_number(changed.notification_phone_number)
    with found.noted():
        count = changed.alert_location_threshold_count
        if count is not None and count not in _THRESHOLDS:
            raise InvalidError("alertLocationThresholdCount", f"must be from 1 to {_THRESHOLDS[-1]}, or null")
    with found.noted():
        check_config(changed.custom_fields or {}, field="customFields")
    found.refuse(every=every)
    return changed


def check_status(status: str, *, field: str = "status") -> None:
    """Raises InvalidError."""
    if status not in STATUSES:
        raise InvalidError(field, f"must be one of {', '.join(STATUSES)}", message="Invalid status")
