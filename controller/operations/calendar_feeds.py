"""Maintenance windows, and who is on call, for calendar programs: addresses with a token, which
people make for themselves.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.access import GLOBAL, Permission, permits
from controller.decisions.maintenance.ical_export import calendar_of
from controller.decisions.monitors.monitors import check_name
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.maintenance import CalendarFeed
from controller.model.notification.on_call import Rota
from controller.off_loop import off_loop
from controller.operations.audit.recording import record_about
from controller.operations.maintenance.windows import list_windows
from controller.operations.on_call.on_call import rota_calendar
from controller.operations.on_call.rotas import found_rota, require_rotas
from controller.store.accounts import calendar_feeds as store
from controller.store.accounts import organizations
from controller.store.platform.pool import Connection, Database
from shared.clock import utc_now
from shared.secret import Secret

FEED_PATH = "/calendar/maintenance.ics"
ROTA_FEED_PATH = "/calendar/rota.ics"
MOST_FEEDS = 20
_NOT_FOUND = "Calendar feed not found"


async def make_feed(
    database: Database, principal: Principal, name: str, rota: UUID | None = None
) -> tuple[CalendarFeed, Secret]:
    """Make a feed of the windows that the principal sees, or of who is on call in a rota, and return it
    with its token, this once.

    Raises InvalidError, NotFoundError, ForbiddenError (also for a token, which is nobody's),
    OrganizationRequiredError.
    """
    account = _account(principal)
    check_name(name)
    token = store.new_feed_token()
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            if len(await store.feeds_of(connection, account)) >= MOST_FEEDS:
                raise InvalidError("name", f"must be that of an old feed: nobody has more than {MOST_FEEDS}")
            rota_id = None if rota is None else (await _rota(connection, principal, rota)).id
            made = await store.insert(connection, account, principal.organization_id, name, token, rota_id=rota_id)
        await record_about(own, principal, AuditAction.FEED_CREATED, _object(made), after=_fields(made))
    return made, token


async def own_feeds(database: Database, principal: Principal) -> list[CalendarFeed]:
    """The principal's own feeds, oldest first. Raises ForbiddenError."""
    account = _account(principal)
    async with database.connection() as connection:
        return await store.feeds_of(connection, account)


async def revoke_feed(database: Database, principal: Principal, public_id: UUID) -> None:
    """From now on its address answers nothing. Raises NotFoundError, ForbiddenError."""
    account = _account(principal)
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            gone = await store.delete(connection, account, public_id)
        if gone is None:
            raise NotFoundError(_NOT_FOUND)
        await record_about(own, principal, AuditAction.FEED_REVOKED, _object(gone), before=_fields(gone))


def feed_url(base_url: str, feed: CalendarFeed, token: Secret) -> str:
    """What a calendar program subscribes to."""
    return f"{base_url}{ROTA_FEED_PATH if feed.rota_public_id else FEED_PATH}?token={token.reveal()}"


async def feed_content(database: Database, token: str, base_url: str, *, of_rota: bool = False) -> bytes:
    """The calendar of a feed of windows or, `of_rota`, of who is on call, by what its maker may see now. `base_url` is
    that of the pages. Raises NotFoundError for an unknown token.
    """
    found = await store.reader_of(database, token)
    if found is None or of_rota != (found.rota is not None):
        raise NotFoundError(_NOT_FOUND)
    reader, organization_id, rota = found
    if reader.works_in != organization_id and reader.role not in GLOBAL:  # somebody who saw all organizations once
        raise NotFoundError(_NOT_FOUND)
    reader = msgspec.structs.replace(reader, works_in=organization_id)
    if rota is None:
        return await _calendar(database, reader, base_url)
    try:
        return await rota_calendar(database, reader, rota, base_url, utc_now())
    except ForbiddenError:  # somebody who had rotas once
        raise NotFoundError(_NOT_FOUND) from None


async def own_calendar(database: Database, principal: Principal, base_url: str) -> bytes:
    """The calendar of what the principal sees. Raises ForbiddenError, OrganizationRequiredError."""
    return await _calendar(database, principal, base_url)


async def _calendar(database: Database, principal: Principal, base_url: str) -> bytes:
    windows = await list_windows(database, principal)
    organization = await organizations.by_id(database, principal.organization_id)
    name = f"Maintenance: {organization.name}" if organization else "Maintenance"
    return await off_loop(
        lambda: calendar_of(windows, name, lambda public_id: f"{base_url}/maintenance/{public_id}", utc_now())
    )


def _account(principal: Principal) -> int:
    if principal.account_id is None or not permits(principal, Permission.READ):
        raise ForbiddenError
    return principal.account_id


async def _rota(connection: Connection, principal: Principal, public_id: UUID) -> Rota:
    """Raises NotFoundError, ForbiddenError."""
    require_rotas(principal)
    return await found_rota(connection, principal, public_id)


def _fields(feed: CalendarFeed) -> dict[str, Any]:
    return {"name": feed.name} | ({"rota": feed.rota_name} if feed.rota_name else {})


def _object(feed: CalendarFeed) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.FEED, id=str(feed.public_id), name=feed.name, organization_id=feed.organization_id
    )
