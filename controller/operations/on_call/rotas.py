"""Make, read, change and delete rotas and their overrides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission
from controller.decisions.monitors.monitors import check_name
from controller.decisions.on_call.rota import MOST_OVERRIDES, check_override
from controller.errors import InvalidError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.notification.on_call import EscalationPolicy, Rota, RotaOverride
from controller.notify.channels import Senders
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.operations.channels.channel_configs import check_url
from controller.store.accounts import organizations
from controller.store.on_call import policies, reachable
from controller.store.on_call import rotas as store
from controller.store.platform.pool import Connection, Database
from controller.vault import Vault

ROTA_NOT_FOUND = "Rota not found"
OVERRIDE_NOT_FOUND = "Override not found"
LONGEST_URL = 2000
_TAKEN = "is that of another rota"


class RotaChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; what is unset stays as it is. `url` None is no calendar: overrides alone say who is on call."""

    name: str | UnsetType = UNSET
    url: str | UnsetType | None = UNSET


class NewOverride(NamedTuple):
    """`person` is an e-mail address, `channel` a public id: one of both."""

    from_at: datetime
    to_at: datetime
    person: str | None
    channel: UUID | None


async def list_rotas(database: Database, principal: Principal) -> list[Rota]:
    """By name. Raises ForbiddenError."""
    require_rotas(principal)
    async with database.connection() as connection:
        return await store.rotas_of(connection, principal.organization_id)


async def get_rota(database: Database, principal: Principal, public_id: UUID) -> Rota:
    """Raises NotFoundError, ForbiddenError."""
    require_rotas(principal)
    async with database.connection() as connection:
        return await found_rota(connection, principal, public_id)


async def create_rota(
    database: Database, vault: Vault, senders: Senders, principal: Principal, change: RotaChange
) -> Rota:
    """The name must be set. Raises InvalidError, ForbiddenError."""
    require_rotas(principal)
    name = (change.name or "").strip()
    check_name(name)
    url, host = await _url(change.url or None, senders)
    stored = None if url is None else vault.encrypt(url)
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            try:
                public_id = await store.insert(connection, principal.organization_id, name, stored, host)
            except store.RotaNameTakenError as error:
                raise InvalidError("name", _TAKEN) from error
            made = await found_rota(connection, principal, public_id)
        await record_about(own, principal, AuditAction.ROTA_CREATED, _object(made), after=_fields(made))
    return made


async def update_rota(
    database: Database,
    vault: Vault,
    senders: Senders,
    principal: Principal,
    public_id: UUID,
    change: RotaChange,
    *,
    expect: Callable[[Rota], None] = lambda _: None,
) -> Rota:
    """Another URL replaces all shifts at once. Raises InvalidError, NotFoundError, ForbiddenError."""
    require_rotas(principal)
    url, host = await _url(None if change.url is UNSET else change.url, senders)
    async with database.one_transaction() as own:
        await organizations.lock(own, principal.organization_id)
        async with own.connection() as connection:
            found = await found_rota(connection, principal, public_id)
            expect(found)
            if change.name is not UNSET:
                check_name(change.name.strip())
                try:
                    await store.rename(connection, found.id, change.name.strip())
                except store.RotaNameTakenError as error:
                    raise InvalidError("name", _TAKEN) from error
            if change.url is not UNSET:
                await store.set_url(connection, found.id, None if url is None else vault.encrypt(url), host)
            changed = await found_rota(connection, principal, public_id)
        after = _fields(changed) | ({"calendar": "another URL"} if change.url is not UNSET and url else {})
        await record_about(
            own, principal, AuditAction.ROTA_CHANGED, _object(changed), before=_fields(found), after=after
        )
    return changed


async def delete_rota(
    database: Database, principal: Principal, public_id: UUID, *, expect: Callable[[Rota], None] = lambda _: None
) -> None:
    """Raises InvalidError while an escalation policy names it, NotFoundError, ForbiddenError."""
    require_rotas(principal)
    async with database.one_transaction() as own:
        await organizations.lock(own, principal.organization_id)
        async with own.connection() as connection:
            found = await found_rota(connection, principal, public_id)
            expect(found)
            using = _using(await policies.policies_of(connection, found.organization_id), found.id)
            if using is not None:
                raise InvalidError("id", f"must not be named by a step: the escalation policy {using} does")
            await store.delete(connection, found.id)
        await record_about(own, principal, AuditAction.ROTA_DELETED, _object(found), before=_fields(found))


async def list_overrides(
    database: Database, principal: Principal, public_id: UUID, *, since: datetime | None = None
) -> list[RotaOverride]:
    """Those that are not over at that moment. Raises NotFoundError, ForbiddenError."""
    require_rotas(principal)
    async with database.connection() as connection:
        rota = await found_rota(connection, principal, public_id)
        return await store.overrides_of(connection, rota.id, since=since)


async def get_override(database: Database, principal: Principal, public_id: UUID, override: UUID) -> RotaOverride:
    """Raises NotFoundError, ForbiddenError."""
    require_rotas(principal)
    async with database.connection() as connection:
        rota = await found_rota(connection, principal, public_id)
        found = await store.overrides_of(connection, rota.id, public_id=override)
    if not found:
        raise NotFoundError(OVERRIDE_NOT_FOUND)
    return found[0]


async def add_override(
    database: Database, principal: Principal, public_id: UUID, new: NewOverride, now: datetime
) -> RotaOverride:
    """Raises InvalidError, NotFoundError, ForbiddenError."""
    require_rotas(principal)
    check_override(new.from_at, new.to_at)
    if new.to_at <= now:
        raise InvalidError("to", "must not be over")
    if (new.person is None) == (new.channel is None):
        raise InvalidError("person", "must be set, or channelId: one of both")
    async with database.one_transaction() as own:
        await organizations.lock(own, principal.organization_id)
        async with own.connection() as connection:
            rota = await found_rota(connection, principal, public_id)
            if len(await store.overrides_of(connection, rota.id, since=now)) >= MOST_OVERRIDES:
                raise InvalidError("from", f"cannot be taken: a rota has at most {MOST_OVERRIDES} overrides to come")
            known = await reachable.reachable_of(connection, rota.organization_id)
            person = known.people.get((new.person or "").strip().lower())
            channel = next((one for one in known.channels if one.public_id == new.channel), None)
            if new.person is not None and person is None:
                raise InvalidError("person", "must be the e-mail address of somebody in this organization")
            if new.channel is not None and channel is None:
                raise InvalidError("channelId", "must be an active channel of the organization")
            number = await store.insert_override(
                connection,
                rota.id,
                new.from_at,
                new.to_at,
                account_id=person.id if person else None,
                channel_id=channel.id if channel else None,
            )
            [made] = await store.overrides_of(connection, rota.id, public_id=number)
        action = AuditAction.ROTA_CHANGED
        await record_about(own, principal, action, _object(rota), before={}, after={"override": _override(made)})
    return made


async def remove_override(
    database: Database,
    principal: Principal,
    public_id: UUID,
    override: UUID,
    *,
    expect: Callable[[RotaOverride], None] = lambda _: None,
) -> None:
    """Raises NotFoundError, ForbiddenError, and what `expect` raises."""
    require_rotas(principal)
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            rota = await found_rota(connection, principal, public_id)
            found = await store.overrides_of(connection, rota.id, public_id=override)
            if not found:
                raise NotFoundError(OVERRIDE_NOT_FOUND)
            expect(found[0])
            await store.delete_override(connection, found[0].id)
        action = AuditAction.ROTA_CHANGED
        await record_about(own, principal, action, _object(rota), before={"override": _override(found[0])}, after={})


def require_rotas(principal: Principal) -> None:
    """Whoever manages channels of the whole organization has its rotas. Raises ForbiddenError."""
    require(principal, Permission.MANAGE_CHANNELS, principal.organization_id, None)


async def found_rota(connection: Connection, principal: Principal, public_id: UUID) -> Rota:
    """Raises NotFoundError."""
    found = await store.rotas_of(connection, principal.organization_id, public_id=public_id)
    if not found:
        raise NotFoundError(ROTA_NOT_FOUND)
    return found[0]


async def _url(text: str | None, senders: Senders) -> tuple[str | None, str | None]:
    """The URL to read, and its host. Raises InvalidError, which does not repeat the text."""
    if text is None:
        return None, None
    text = text.strip()
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidError("url", f"must be an http, https or webcal URL of at most {LONGEST_URL} characters")
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in ("webcal", "webcals"):
        text = f"https://{rest}"
    elif scheme.lower() not in ("http", "https"):
        raise InvalidError("url", "must be an http, https or webcal URL")
    await check_url("url", text, senders)
    return text, urlsplit(text).hostname


def _using(found: list[EscalationPolicy], rota_id: int) -> str | None:
    """The name of a policy with a step that names the rota."""
    return next(
        (one.name for one in found for step in one.steps if step.rota is not None and step.rota.id == rota_id), None
    )


def _object(found: Rota) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.ROTA, id=str(found.public_id), name=found.name, organization_id=found.organization_id
    )


def _fields(found: Rota) -> dict[str, Any]:
    return {"name": found.name, "calendarAt": found.host}


def _override(one: RotaOverride) -> dict[str, Any]:
    return {
        "from": one.from_at.isoformat(),
        "to": one.to_at.isoformat(),
        "who": one.person.email if one.person else one.channel.name if one.channel else None,
    }
