"""Monitors. Every read names an organization, so that no caller reaches another one by mistake; None is every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from controller.decisions.monitors.mode_change import clears_policy
from controller.decisions.monitors.target_change import changes_target, is_changed
from controller.errors import AlreadyExistsError
from controller.model import Monitor, MonitorSettings, MonitorStatus
from controller.off_loop import off_loop
from controller.store.maintenance import borders, by_status
from controller.store.monitors import statements
from controller.store.platform.pool import Connection, Database
from shared.clock import utc_now
from shared.wire.targets import KINDS

_read = msgspec.json.Decoder(Monitor).decode


class NewMonitor(MonitorSettings, frozen=True, kw_only=True):
    """A monitor before it has ids and timestamps."""

    organization_id: int
    customer_id: int


class MonitorPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the monitors that match, oldest first, and how many match in all."""

    monitors: list[Monitor]
    total: int


async def insert(database: Database, new: NewMonitor) -> Monitor:
    """The monitor's first round is due at once: target_changed_at is the moment of the insert. Raises
    AlreadyExistsError when its key is another one's.
    """
    async with database.transaction() as connection:
        with _key_of_its_own():
            made = _monitor(await connection.fetchrow(statements.INSERT, new))
        return made if made.status is not MonitorStatus.MAINTENANCE else await _kept(connection, made)


async def change(
    database: Database,
    organization_id: int | None,
    kinds: Sequence[str],
    identifier: int | UUID,
    decide: Callable[[Monitor], Monitor],
) -> Monitor | None:
    """Replace a monitor by what `decide` makes of it, while its row is locked; None when it does not exist. One that
    stays the same keeps its moment of change too.

    Another target sets target_changed_at to now: a first round is due at once. A new mode replaces the monitor's
    policy, whatever it was before. Raises AlreadyExistsError when its new key is another one's.
    """
    async with database.transaction() as connection:
        row = await connection.fetchrow(statements.READ_LOCKED, *_named(identifier), organization_id, kinds)
        if row is None:
            return None
        before = _monitor(row)
        after = decide(before)
        if not is_changed(before, after):
            return before
        moves, loses_policy = changes_target(before, after), clears_policy(before, after)
        with _key_of_its_own():
            changed = _monitor(await connection.fetchrow(statements.UPDATE, after, loses_policy, moves))
        return changed if before.status is after.status else await _kept(connection, changed)


async def locked(database: Database, monitor_id: int) -> Monitor | None:
    """The monitor, whose row stays locked until the transaction ends; None when it does not exist."""
    async with database.connection() as connection:
        row = await connection.fetchrow(statements.READ_LOCKED, monitor_id, None, None, KINDS)
    return _monitor(row) if row else None


async def by_key(
    database: Database, organization_id: int, kinds: Sequence[str], project: str, external_key: str
) -> UUID | None:
    """The public id of the monitor that a program knows by this key."""
    async with database.connection() as connection:
        found: UUID | None = await connection.fetchval(
            """
            SELECT public_id FROM monitor
            WHERE organization_id = $1 AND project = $2 AND external_key = $3 AND kind = ANY ($4::text[])
              AND deleted_at IS NULL
            """,
            organization_id,
            project,
            external_key,
            kinds,
        )
    return found


async def soft_delete(database: Database, monitor_id: int) -> bool:
    """Hide the monitor from users and scheduler and keep its history; False when it was already deleted."""
    async with database.connection() as connection:
        deleted = await connection.fetchval(
            """
            UPDATE monitor SET deleted_at = clock_timestamp(), updated_at = clock_timestamp()
            WHERE id = $1 AND deleted_at IS NULL RETURNING true
            """,
            monitor_id,
        )
    return deleted is True


async def by_identifier(
    database: Database, organization_id: int | None, kinds: Sequence[str], identifier: int | UUID
) -> Monitor | None:
    """By number or public id; in any organization when it is None."""
    async with database.connection() as connection:
        row = await connection.fetchrow(statements.READ, *_named(identifier), organization_id, kinds)
    return _monitor(row) if row else None


async def page_of(
    database: Database,
    organization_id: int,
    kinds: Sequence[str],
    *,
    limit: int,
    offset: int,
    customer_ids: frozenset[int] | None = None,
    numbers: Sequence[int] | None = None,
    search: str | None = None,
) -> MonitorPage:
    """The monitors with these `numbers`, all when None. `search` is matched in name, host name and customer name, in
    upper or lower case.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            statements.PAGE,
            organization_id,
            kinds,
            None if customer_ids is None else sorted(customer_ids),
            search,
            limit,
            offset,
            numbers,
        )
    return await off_loop(_page, rows)


@contextmanager
def _key_of_its_own() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise AlreadyExistsError("A monitor with this externalKey exists already in this project") from error


async def _kept(connection: Connection, monitor: Monitor) -> Monitor:
    """The monitor after its new status began or ended its maintenance."""
    await by_status.keep(connection, {monitor.id: monitor.status is MonitorStatus.MAINTENANCE}, utc_now())
    now = (await borders.current(connection, [monitor.id])).get(monitor.id)
    return msgspec.structs.replace(monitor, maintenance=now)


def _page(rows: Sequence[Any]) -> MonitorPage:
    return MonitorPage(monitors=[_monitor(row) for row in rows if row["monitor"]], total=rows[0]["total"])


def _monitor(row: Any) -> Monitor:
    return _read(row["monitor"])


def _named(identifier: int | UUID) -> tuple[int | None, UUID | None]:
    return (None, identifier) if isinstance(identifier, UUID) else (identifier, None)
