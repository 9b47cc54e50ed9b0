"""Create, read, change and delete notification channels, on which people are notified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, Reach, limits_to, reaches
from controller.decisions.breaches import Breaches
from controller.decisions.monitors.monitors import check_name
from controller.decisions.notification import channels as rules
from controller.decisions.notification.digests import check_digest
from controller.decisions.notification.fact_subscriptions import check_subscriptions
from controller.decisions.notification.quiet_hours import check_quiet_hours
from controller.errors import InvalidError, NotFoundError, UnknownCustomerError
from controller.model import Channel, Principal
from controller.model.audit import AuditAction
from controller.notify.addresses import email_addresses
from controller.notify.channels import Senders
from controller.notify.handover.services import HANDED_OVER
from controller.notify.mx_lookup import MxLookup
from controller.operations.access import require
from controller.operations.audit.recording import Deciding, record
from controller.operations.channels import mail_routes
from controller.operations.channels.channel_configs import check, check_type, merged, shown
from controller.store.accounts import customers, organizations
from controller.store.monitors import monitors
from controller.store.notifications import channels as store
from controller.store.platform.pool import Database
from controller.vault import Vault

CHANNEL_NOT_FOUND = "Notification channel not found"
MONITOR_NOT_FOUND = "Monitor not found"

C = TypeVar("C", Channel, store.NewChannel)


class Outlets(NamedTuple):
    """What a channel needs to be tried: the controller's senders, and the lookup of mail servers."""

    senders: Senders
    exchangers: MxLookup = MxLookup()


class ChannelChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; a field that is unset keeps its value. `config` is in clear, and merged into the stored one."""

    name: str | UnsetType = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    category: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    delay_seconds: int | UnsetType = UNSET
    conditions: dict[str, Any] | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    allowed_package_types: list[str] | UnsetType | None = UNSET
    for_ops: bool | UnsetType = UNSET
    fact_changes: list[str] | UnsetType = UNSET
    recipient: dict[str, Any] | UnsetType | None = UNSET
    quiet_hours: dict[str, Any] | UnsetType | None = UNSET
    digest: dict[str, Any] | UnsetType | None = UNSET


class ChannelOwner(NamedTuple):
    """The owner of a channel, as a caller names it: a customer, a monitor (of one of these kinds), or the whole
    organization.
    """

    customer: int | UUID | None = None
    monitor: int | UUID | None = None
    kinds: tuple[str, ...] = ()


class Owner(NamedTuple):
    """The owner by numbers. `owner_id` is the customer that owns the channel, directly or through its monitor."""

    customer_id: int | None
    monitor_id: int | None
    owner_id: int | None


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as a principal may see it: `config` has null for every secret."""

    channel: Channel
    config: dict[str, Any]
    has_secret: bool
    warnings: list[str]


async def list_channels(database: Database, principal: Principal, named_owner: ChannelOwner) -> list[ChannelView]:
    """The channels that the principal may see: all, those of a customer and its monitors, or those notified about a
    monitor.

    Raises UnknownCustomerError, NotFoundError, ForbiddenError.
    """
    organization_id = principal.organization_id
    owner = await find_owner(database, organization_id, named_owner)
    if owner.owner_id is not None:
        require(principal, Permission.READ, organization_id, owner.owner_id, not_found=CHANNEL_NOT_FOUND)
    found = await store.channels_of(
        database,
        organization_id,
        customer_ids=principal.customer_ids,
        customer_id=owner.customer_id if owner.monitor_id is None else None,
        concerning_monitor_id=owner.monitor_id,
    )
    warnings = await mail_routes.warnings(
        database, principal, organization_id, [addresses_of(channel) for channel in found]
    )
    return [channel_view(principal, channel, warned) for channel, warned in zip(found, warnings, strict=True)]


async def create_channel(
    database: Database,
    vault: Vault,
    outlets: Outlets,
    principal: Principal,
    type_: str,
    named_owner: ChannelOwner,
    change: ChannelChange,
    *,
    source_id: int | UUID | None = None,
    every_breach: bool = False,
) -> ChannelView:
    """Create a channel. Name and config must be set; keys that the config leaves out come from the channel `source_id`,
    if there is one.

    Raises InvalidError, with `every_breach` of a rule or the first, and UnknownCustomerError, NotFoundError,
    ForbiddenError.
    """
    check_type(type_)
    organization_id = principal.organization_id
    if await organizations.by_id(database, organization_id) is None:
        raise InvalidError("organizationId", "is not known", message="Invalid organizationId")
    owner = await find_owner(database, organization_id, named_owner)
    require(principal, Permission.MANAGE_CHANNELS, organization_id, owner.owner_id, not_found=CHANNEL_NOT_FOUND)
    source: dict[str, Any] = {}
    if source_id is not None:
        source = (await source_channel(database, principal, source_id, type_)).config
    new = store.NewChannel(
        organization_id=organization_id,
        customer_id=owner.customer_id if owner.monitor_id is None else None,
        monitor_id=owner.monitor_id,
        type=type_,
        category=rules.category_of(type_),
        config=source,
    )
    changed = _changed(new, change, vault, every=every_breach)
    if changed.for_ops:
        await _check_for_ops(database, organization_id, owner)
    await check(type_, vault.reveal(changed.config), outlets.senders)
    await mail_routes.check_mail_routes(database, outlets.exchangers, addresses_of(changed))
    # Checked before the channel is stored, so that a caller who gets an error can repeat the request without making
    # two.
    (warnings,) = await mail_routes.warnings(database, principal, organization_id, [addresses_of(changed)])
    async with database.one_transaction() as own:
        made = await store.insert(own, changed)
        if made is None:
            raise InvalidError("organizationId", f"has {store.MOST} notification channels, and may have no more")
        await record(own, principal, AuditAction.CHANNEL_CREATED, after=made)
    return channel_view(principal, made, warnings)


async def update_channel(
    database: Database,
    vault: Vault,
    outlets: Outlets,
    principal: Principal,
    channel_id: int | UUID,
    change: ChannelChange | Callable[[Channel], ChannelChange],
    *,
    type_: str | None = None,
    expect: Callable[[Channel], None] = lambda _: None,
    every_breach: bool = False,
) -> ChannelView:
    """`change` may depend on the channel as it is. `expect` looks at it while it is locked, and raises what it will.

    Raises InvalidError, with `every_breach` of a rule or the first, and NotFoundError, ForbiddenError.
    """
    before = await channel_for(database, principal, channel_id)
    if type_ not in (None, before.type):
        raise InvalidError("type", f"cannot be changed from {before.type}")
    first = change(before) if callable(change) else change
    planned = _changed(before, first, vault, every=every_breach)
    if first.for_ops is True:
        owner = Owner(before.customer_id, before.monitor_id, before.owner_id)
        await _check_for_ops(database, before.organization_id, owner)
    if first.config is not UNSET:
        # Name servers are queried before the row is locked.
        await check(before.type, vault.reveal(planned.config), outlets.senders)
        await mail_routes.check_mail_routes(database, outlets.exchangers, addresses_of(planned))

    def decide(found: Channel) -> Channel:
        expect(found)
        return _changed(found, change(found) if callable(change) else change, vault, every=every_breach)

    deciding = Deciding[Channel](decide)
    async with database.one_transaction() as own:
        changed = await store.change(own, limits_to(principal), before.id, deciding)
        if changed is None:
            raise NotFoundError(CHANNEL_NOT_FOUND)
        await record(own, principal, AuditAction.CHANNEL_CHANGED, before=deciding.before, after=changed)
    (warnings,) = await mail_routes.warnings(database, principal, changed.organization_id, [addresses_of(changed)])
    return channel_view(principal, changed, warnings)


async def channel_for(database: Database, principal: Principal, channel_id: int | UUID) -> Channel:
    """The channel, when the principal may change it. Raises NotFoundError, ForbiddenError."""
    channel = await store.by_id(database, limits_to(principal), channel_id)
    if channel is None:
        raise NotFoundError(CHANNEL_NOT_FOUND)
    require(
        principal, Permission.MANAGE_CHANNELS, channel.organization_id, channel.owner_id, not_found=CHANNEL_NOT_FOUND
    )
    return channel


async def source_channel(database: Database, principal: Principal, channel_id: int | UUID, type_: str) -> Channel:
    """A channel of the same organization whose config, secrets included, is copied. Raises InvalidError, NotFoundError,
    ForbiddenError.
    """
    if isinstance(channel_id, int) and not 0 < channel_id < 2**63:
        raise NotFoundError(CHANNEL_NOT_FOUND)
    source = await channel_for(database, principal, channel_id)
    if source.organization_id != principal.organization_id:
        raise NotFoundError(CHANNEL_NOT_FOUND)
    if source.type != type_:
        raise InvalidError("type", f"must be the type of the source channel: {source.type}")
    return source


async def find_owner(database: Database, organization_id: int, named_owner: ChannelOwner) -> Owner:
    """Raises UnknownCustomerError, NotFoundError, InvalidError."""
    customer_id = None
    if named_owner.customer is not None:
        customer = await customers.customer_of(database, organization_id, named_owner.customer)
        if customer is None:
            raise UnknownCustomerError
        customer_id = customer.id
    if named_owner.monitor is None:
        return Owner(customer_id, None, customer_id)
    monitor = await monitors.by_identifier(database, organization_id, named_owner.kinds, named_owner.monitor)
    if monitor is None:
        raise NotFoundError(MONITOR_NOT_FOUND)
    if customer_id not in (None, monitor.customer_id):
        raise InvalidError("customerId", "must be the customer of the monitor")
    return Owner(customer_id, monitor.id, monitor.customer_id)


def _changed(channel: C, change: ChannelChange, vault: Vault, *, every: bool) -> C:
    """The channel with its new values, checked against the rules. Raises InvalidError."""
    found = Breaches()
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if "config" in values:
        sent = values.pop("config")
        with found.noted():
            values["config"] = merged(channel.type, sent, channel.config, vault)
    changed = msgspec.structs.replace(channel, **values)
    with found.noted():
        check_name(changed.name)
    with found.noted():
        rules.check_category(changed.category, changed.type)
    with found.noted():
        rules.check_priority(changed.priority)
    with found.noted():
        rules.check_delay(changed.delay_seconds)
    with found.noted():
        rules.check_conditions(changed.conditions)
    with found.noted():
        rules.check_packages(changed.allowed_package_types)
    with found.noted():
        check_subscriptions(changed.fact_changes)
    with found.noted():
        check_quiet_hours(changed.quiet_hours, handed_over=changed.type in HANDED_OVER)
    with found.noted():
        check_digest(changed.digest, changed.type, for_ops=changed.for_ops)
    found.refuse(every=every)
    return changed


async def _check_for_ops(database: Database, organization_id: int, owner: Owner) -> None:
    """Raises InvalidError."""
    if owner.owner_id is not None or not await organizations.is_operating(database, organization_id):
        raise InvalidError("forOps", "may be true only for a channel of the organization that runs this installation")


def channel_view(principal: Principal, channel: Channel, warnings: list[str]) -> ChannelView:
    reach = reaches(
        principal, Permission.MANAGE_CHANNELS, organization_id=channel.organization_id, customer_id=channel.owner_id
    )
    config, has_secret = shown(channel.config, whole=reach is Reach.ALLOWED)
    return ChannelView(channel=channel, config=config, has_secret=has_secret, warnings=warnings)


def addresses_of(channel: Channel | store.NewChannel) -> Sequence[str]:
    return email_addresses(channel.config) if channel.type == "email" else ()
