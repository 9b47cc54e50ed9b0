"""Maintenance windows for calendar programs: addresses with a token, which people make for themselves."""

from __future__ import annotations

from uuid import UUID

import msgspec

from controller.decisions.access import GLOBAL, Permission, permits
from controller.decisions.maintenance.ical_export import calendar_of
from controller.decisions.monitors.monitors import check_name
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.maintenance import CalendarFeed
from controller.off_loop import off_loop
from controller.operations.audit.recording import record_about
from controller.operations.maintenance.windows import list_windows
from controller.store.accounts import calendar_feeds as store
from controller.store.accounts import organizations
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.secret import Secret

FEED_PATH = "/calendar/maintenance.ics"
MOST_FEEDS = 20
_NOT_FOUND = "Calendar feed not found"


async def make_feed(database: Database, principal: Principal, name: str) -> tuple[CalendarFeed, Secret]:
    """Make a feed of what the principal sees, and return it with its token, this once. Raises InvalidError,
    ForbiddenError (also for a token, which is nobody's), OrganizationRequiredError.
    """
    account = _account(principal)
    check_name(name)
    token = store.new_feed_token()
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            if len(await store.feeds_of(connection, account)) >= MOST_FEEDS:
                raise InvalidError("name", f"must be that of an old feed: nobody has more than {MOST_FEEDS}")
            made = await store.insert(connection, account, principal.organization_id, name, token)
        await record_about(own, principal, AuditAction.FEED_CREATED, _object(made), after={"name": name})
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
        await record_about(own, principal, AuditAction.FEED_REVOKED, _object(gone), before={"name": gone.name})


async def feed_content(database: Database, token: str, base_url: str) -> bytes:
    """The calendar of a feed, by what its maker may see now. `base_url` is that of the pages. Raises NotFoundError for
    an unknown token.
    """
    found = await store.reader_of(database, token)
    if found is None:
        raise NotFoundError(_NOT_FOUND)
    reader, organization_id = found
    if reader.works_in != organization_id and reader.role not in GLOBAL:  # somebody who saw all organizations once
        raise NotFoundError(_NOT_FOUND)
    return await _calendar(database, msgspec.structs.replace(reader, works_in=organization_id), base_url)


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


def _object(feed: CalendarFeed) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.FEED, id=str(feed.public_id), name=feed.name, organization_id=feed.organization_id
    )
