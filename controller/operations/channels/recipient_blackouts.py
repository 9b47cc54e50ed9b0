"""Blackouts of recipients: times at which a notification channel gets no messages about incidents (A19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.decisions.access import Permission, Reach, reaches
from controller.errors import InvalidError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.notification.recipients import RecipientBlackout
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.store.notifications import channels
from controller.store.platform.pool import Database
from controller.store.recipients import blackouts as store
from controller.store.recipients.blackouts import NewBlackout

UNKNOWN_RECIPIENT = "must be a recipient that you may see"


async def list_blackouts(database: Database, principal: Principal) -> list[RecipientBlackout]:
    """Those of channels that the principal may see, oldest first."""
    found = await store.blackouts_of(database, principal.organization_id)
    return [one for one in found if _visible(principal, one)]


async def get_blackout(database: Database, principal: Principal, number: int) -> RecipientBlackout:
    """Raises NotFoundError."""
    found = await store.by_id(database, principal.organization_id, number)
    if found is None or not _visible(principal, found):
        raise NotFoundError
    return found


async def create_blackout(database: Database, principal: Principal, new: NewBlackout) -> RecipientBlackout:
    """Raises InvalidError, ForbiddenError."""
    await _require_channel(database, principal, new.channel_id)
    async with database.one_transaction() as own:
        number = await store.insert(own, principal.organization_id, new, principal.account_id)
        if number is None:
            raise InvalidError("assoc_id", f"cannot have one more: there are {store.MOST} blackouts of recipients")
        made = await get_blackout(own, principal, number)
        await record_about(own, principal, AuditAction.BLACKOUT_CREATED, _object(made), after=_fields(made))
    return made


async def change_blackout(
    database: Database, principal: Principal, number: int, decide: Callable[[RecipientBlackout], NewBlackout]
) -> RecipientBlackout:
    """Raises InvalidError, NotFoundError, ForbiddenError, and what `decide` raises."""
    async with database.one_transaction() as own:
        await store.lock(own, number)
        before = await get_blackout(own, principal, number)
        await _require_channel(own, principal, before.channel_id)
        new = decide(before)
        await _require_channel(own, principal, new.channel_id)
        if not await store.replace(own, principal.organization_id, number, new):
            raise NotFoundError
        changed = await get_blackout(own, principal, number)
        await record_about(
            own,
            principal,
            AuditAction.BLACKOUT_CHANGED,
            _object(changed),
            before=_fields(before),
            after=_fields(changed),
        )
    return changed


async def delete_blackout(database: Database, principal: Principal, number: int) -> None:
    """Raises NotFoundError, ForbiddenError."""
    found = await get_blackout(database, principal, number)
    await _require_channel(database, principal, found.channel_id)
    async with database.one_transaction() as own:
        if not await store.delete(own, principal.organization_id, number):
            raise NotFoundError
        await record_about(own, principal, AuditAction.BLACKOUT_DELETED, _object(found), before=_fields(found))


def _visible(principal: Principal, one: RecipientBlackout) -> bool:
    return principal.customer_ids is None or one.owner_id in principal.customer_ids


async def _require_channel(database: Database, principal: Principal, number: int) -> None:
    """Raises InvalidError for a channel that the principal may not know, ForbiddenError for one it may not change."""
    channel = await channels.by_id(database, principal.organization_id, number)
    hidden = (
        channel is None
        or reaches(
            principal,
            Permission.MANAGE_CHANNELS,
            organization_id=channel.organization_id,
            customer_id=channel.owner_id,
        )
        is Reach.HIDDEN
    )
    if channel is None or hidden:
        raise InvalidError("assoc_id", UNKNOWN_RECIPIENT)
    require(principal, Permission.MANAGE_CHANNELS, channel.organization_id, channel.owner_id)


def _object(one: RecipientBlackout) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.BLACKOUT, id=str(one.id), name=one.channel_name, organization_id=one.organization_id
    )


def _fields(one: RecipientBlackout) -> dict[str, Any]:
    return {
        "recipient": one.channel_name,
        "start": one.start.isoformat(" "),
        "end": one.end.isoformat(" "),
        "timeZone": one.time_zone,
        "weekly": one.weekly,
        "note": one.note,
    }
