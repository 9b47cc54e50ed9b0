"""An organization's escalation, as Uptimeify's clients know it: its webhook, and the addresses of its own.

They are channels of the organization like any; nothing of them is stored twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, limits_to
from controller.decisions.monitors.monitors import check_email, check_phone_number
from controller.errors import InvalidError, NotFoundError
from controller.model import Organization, Principal
from controller.model.audit import AuditAction
from controller.notify.addresses import email_addresses, phone_numbers
from controller.operations.access import require
from controller.operations.audit.differences import Hidden
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.operations.channels.channel_configs import merged, shown
from controller.operations.channels.channel_tests import ChannelTestResult, test_channel
from controller.operations.channels.channels import (
    ChannelChange,
    ChannelOwner,
    ChannelView,
    Outlets,
    create_channel,
    list_channels,
    update_channel,
)
from controller.store.accounts import organizations
from controller.store.notifications import escalation as store
from controller.store.notifications.escalation import EscalationConfigRow
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.clock import utc_now

NOT_FOUND = "Organization not found"
NO_WEBHOOK = "webhookUrl is required"
DEFAULTS: Mapping[str, Any] = {
    "method": "POST",
    "timeout": 30,
    "retryAttempts": 3,
    "retryDelay": 60,
    "expectedStatusCodes": "200,201,202,204",
}
"""What a webhook made here gets, unless it is sent."""

_NAMES = {"email": "E-mail", "sms": "Text messages", "webhook": "Escalation"}
_CONCEALED = frozenset({"headers", "bodyTemplate"})


class EscalationConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. What is unset stays; `settings` are keys of a webhook's config, and None takes one away."""

    url: str | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    settings: Mapping[str, Any] = {}
    email: str | UnsetType | None = UNSET
    phone_number: str | UnsetType | None = UNSET


class Escalation(NamedTuple):
    """`config` is the webhook's, with null for every secret; `url` None: there is none, or it was taken away."""

    row: EscalationConfigRow
    organization: Organization
    url: str | None
    config: Mapping[str, Any]
    is_active: bool
    email: str | None
    phone_number: str | None
    channels: Sequence[ChannelView]


async def get_escalation(database: Database, principal: Principal, identifier: int | UUID) -> Escalation:
    """Raises NotFoundError, ForbiddenError."""
    here, organization = await _within(database, principal, identifier)
    return await _read(database, here, organization)


async def change_escalation(
    database: Database,
    vault: Vault,
    outlets: Outlets,
    principal: Principal,
    identifier: int | UUID,
    change: EscalationConfigChange,
) -> Escalation:
    """Change all of it or nothing. Raises InvalidError, NotFoundError, ForbiddenError."""
    here, organization = await _within(database, principal, identifier)
    if isinstance(change.email, str):
        check_email(change.email, field="defaultEmail")
    if isinstance(change.phone_number, str):
        check_phone_number(change.phone_number, field="defaultPhoneNumber")
    async with database.one_transaction() as own:
        before = await _read(own, here, organization)
        for type_, key, value in (("email", "to", change.email), ("sms", "phoneNumber", change.phone_number)):
            if not isinstance(value, UnsetType):
                config = {key: value, "email": None} if type_ == "email" else {key: value}
                await _set_address(own, vault, outlets, here, before, type_, None if value is None else config)
        await _set_webhook(own, vault, outlets, here, before, change)
        return await _read(own, here, organization)


async def test_escalation(
    database: Database, vault: Vault, outlets: Outlets, principal: Principal, identifier: int | UUID
) -> ChannelTestResult:
    """Send a test message to the webhook, and note how it went. Raises InvalidError when there is none."""
    here, organization = await _within(database, principal, identifier)
    found = await _read(database, here, organization)
    if found.url is None:
        raise InvalidError("webhookUrl", "is required", message=NO_WEBHOOK)
    done = await test_channel(
        database,
        vault,
        outlets,
        here,
        "webhook",
        {},
        ChannelOwner(),
        channel_id=found.row.channel_id,
        dry_run=False,
    )
    async with database.connection() as connection:
        await store.keep_test(connection, organization.id, utc_now(), None if done.success else done.message)
    return done


async def _within(database: Database, principal: Principal, identifier: int | UUID) -> tuple[Principal, Organization]:
    """The principal in this organization. Raises NotFoundError, ForbiddenError."""
    if isinstance(identifier, UUID):
        found = await organizations.by_public_id(database, limits_to(principal), identifier)
    else:
        found = await organizations.by_id(database, identifier)
    if found is None or limits_to(principal) not in (None, found.id):
        raise NotFoundError(NOT_FOUND)
    require(principal, Permission.MANAGE_CHANNELS, found.id, None, not_found=NOT_FOUND)
    return msgspec.structs.replace(principal, works_in=found.id), found


async def _read(database: Database, here: Principal, organization: Organization) -> Escalation:
    async with database.one_transaction() as own, own.connection() as connection:
        row = await store.escalation_of(connection, organization.id)
    own_channels = [view for view in await list_channels(database, here, ChannelOwner()) if _is_organizations(view)]
    webhook = next((view for view in own_channels if view.channel.id == row.channel_id), None)
    if webhook is None:
        config = {**DEFAULTS, **shown(row.prepared, whole=True)[0]}
        url, active = None, False
    else:
        config, active = webhook.config, webhook.channel.is_active
        url = None if row.cleared and not active else config.get("url")
    return Escalation(
        row=row,
        organization=organization,
        url=url,
        config=config,
        is_active=active,
        email=_text(email_addresses, _first(own_channels, "email", active=True)),
        phone_number=_text(phone_numbers, _first(own_channels, "sms", active=True)),
        channels=own_channels,
    )


async def _set_address(
    own: Database,
    vault: Vault,
    outlets: Outlets,
    here: Principal,
    before: Escalation,
    type_: str,
    config: dict[str, Any] | None,
) -> None:
    """The organization's first channel of this type, made if there is none, goes there; None switches it off."""
    in_use = _first(before.channels, type_, active=True)
    if config is None:
        if in_use is not None:
            await update_channel(own, vault, outlets, here, in_use.channel.id, ChannelChange(is_active=False))
        return
    found = in_use or _first(before.channels, type_, active=False)
    if found is None:
        change = ChannelChange(name=_NAMES[type_], config={key: item for key, item in config.items() if item})
        await create_channel(own, vault, outlets, here, type_, ChannelOwner(), change)
    else:
        change = ChannelChange(config=config, is_active=True)
        await update_channel(own, vault, outlets, here, found.channel.id, change)


async def _set_webhook(
    own: Database, vault: Vault, outlets: Outlets, here: Principal, before: Escalation, change: EscalationConfigChange
) -> None:
    row = before.row
    if row.channel_id is None:
        if change.url is UNSET or change.url is None:
            if change.is_active is True:
                raise InvalidError("webhookUrl", "is required", message=NO_WEBHOOK)
            await _prepare(own, vault, here, before, change.settings)
            return
        sent = {**DEFAULTS, **vault.reveal(row.prepared), **change.settings, "url": change.url}
        active = True if isinstance(change.is_active, UnsetType) else change.is_active
        config = {name: value for name, value in sent.items() if value is not None}
        new = ChannelChange(name=_NAMES["webhook"], config=config, is_active=active)
        made = await create_channel(own, vault, outlets, here, "webhook", ChannelOwner(), new)
        row = msgspec.structs.replace(row, channel_id=made.channel.id, prepared={})
    else:
        values: dict[str, Any] = {} if isinstance(change.is_active, UnsetType) else {"is_active": change.is_active}
        config = dict(change.settings)
        if isinstance(change.url, str):
            config["url"] = change.url
            values.setdefault("is_active", True)
        elif change.url is None:
            values["is_active"] = False
        if config:
            values["config"] = config
        if values:
            await update_channel(own, vault, outlets, here, row.channel_id, ChannelChange(**values))
    cleared = change.url is None or (row.cleared and change.url is UNSET and change.is_active is not True)
    async with own.connection() as connection:
        await store.keep(connection, msgspec.structs.replace(row, cleared=cleared))


async def _prepare(
    own: Database, vault: Vault, here: Principal, before: Escalation, settings: Mapping[str, Any]
) -> None:
    """Keep settings for a webhook that has no URL yet."""
    row = before.row
    prepared = merged("webhook", dict(settings), row.prepared, vault)
    if prepared == row.prepared:
        return
    async with own.connection() as connection:
        await store.keep(connection, msgspec.structs.replace(row, prepared=prepared))
    await record_about(
        own,
        here,
        AuditAction.ORGANIZATION_CHANGED,
        object_of(before.organization),
        before={"escalation": _audited(row.prepared)},
        after={"escalation": _audited(prepared)},
    )


def _audited(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Hidden(value) if name in _CONCEALED else value for name, value in config.items()}


def _is_organizations(view: ChannelView) -> bool:
    return view.channel.owner_id is None and not view.channel.for_ops


def _first(channels: Sequence[ChannelView], type_: str, *, active: bool) -> ChannelView | None:
    """The first of this type by the order in which they are used."""
    return next((one for one in channels if one.channel.type == type_ and one.channel.is_active is active), None)


def _text(read: Any, view: ChannelView | None) -> str | None:
    return ", ".join(read(view.channel.config)) or None if view else None
