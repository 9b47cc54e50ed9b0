"""What people do in an on-call service, done to the incidents that were handed over to it.

The channel is the principal: it can act only on incidents of which it was notified. Whatever is repeated changes
nothing, because an acknowledgement or an end happens to an incident once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog

from controller.errors import AlreadyEndedError, NotFoundError, UnauthenticatedError
from controller.model import Channel, Principal, Role, TokenScope
from controller.model.accounts import ServicePerson
from controller.notify.handover.config_values import WEBHOOK_SECRET, text_of
from controller.notify.handover.hooks import HOOKS, HookAction, HookEvent
from controller.operations.incidents.incident_handling import acknowledge_all, resolve
from controller.store.incidents import handed_over
from controller.store.notifications import channels as store
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultError

log = structlog.get_logger()

UNKNOWN = "Notification channel not found"


class HookOutcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    IGNORED = "ignored"


_DONE = {HookAction.ACKNOWLEDGE: HookOutcome.ACKNOWLEDGED, HookAction.RESOLVE: HookOutcome.RESOLVED}


async def hand_back(
    database: Database,
    vault: Vault,
    service: str,
    channel_id: UUID,
    headers: Mapping[str, str],
    body: bytes,
    *,
    address: str,
    now: datetime,
) -> HookOutcome:
    """Do what a service's webhook says. IGNORED: it concerns no open incident that was handed over to the channel.

    Raises NotFoundError for a channel that takes nothing back, UnauthenticatedError, InvalidError.
    """
    hook = HOOKS.get(service)
    channel = await store.by_id(database, None, channel_id) if hook else None
    if hook is None or channel is None or channel.type != service or not channel.is_active:
        raise NotFoundError(UNKNOWN)
    secret = _secret(channel, vault)
    if secret is None or not hook.is_genuine(headers, body, secret):
        raise UnauthenticatedError
    event = hook.read(body, now)
    if event is None:
        return HookOutcome.IGNORED
    try:
        thread = UUID(event.key)
    except ValueError:
        return HookOutcome.IGNORED  # an alert that somebody else opened there
    principal = _principal(channel, event, address)
    found = await handed_over.open_incidents_of(database, channel.id, thread)
    if event.action is HookAction.ACKNOWLEDGE:
        done = await acknowledge_all(database, principal, found, now)
    else:
        done = await _resolve_each(database, principal, found, f"resolved in {event.by}", now)
    outcome = _DONE[event.action] if done else HookOutcome.IGNORED
    log.info("handed_back", service=service, channel=str(channel.public_id), outcome=outcome.value)
    return outcome


async def _resolve_each(
    database: Database, principal: Principal, public_ids: Sequence[UUID], reason: str, now: datetime
) -> bool:
    """Whether any of them was open."""
    done = False
    for one in public_ids:
        with suppress(AlreadyEndedError):
            await resolve(database, principal, one, reason, now)
            done = True
    return done


def _secret(channel: Channel, vault: Vault) -> str | None:
    try:
        return text_of(vault.reveal(channel.config), WEBHOOK_SECRET)
    except VaultError as error:
        log.warning("hook_secret_unreadable", channel=str(channel.public_id), error=str(error))
        return None


def _principal(channel: Channel, event: HookEvent, address: str) -> Principal:
    return Principal(
        works_in=channel.organization_id,
        role=Role.USER,
        customer_ids=None if channel.owner_id is None else frozenset({channel.owner_id}),
        scope=TokenScope.WRITE,
        address=address,
        service=ServicePerson(name=event.by, channel_id=channel.id),
    )
