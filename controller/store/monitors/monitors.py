"""Monitors. Every read names an organization, so that no caller reaches another one by mistake; None is every one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from controller.model import Mode, Monitor, MonitorStatus
from controller.off_loop import off_loop
from controller.store.platform.pool import Connection, Database

_COLUMNS = """
m.id, m.public_id, m.organization_id, m.customer_id, m.kind, m.name, m.hostname, m.port, m.status, m.interval_seconds,
m.timeout_seconds, m.allowed_check_country_codes, m.config, m.notification_email, m.notification_phone_number,
m.ipv4, m.resolve_dns, m.location_ids, m.home_location_id, m.mode, m.rotate_locations, m.locations_per_round,
m.retry_on_failure, m.notify_on_error, m.alertsite, m.evaluation_deadline_seconds, m.target_changed_at, m.created_at,
m.updated_at,
(SELECT name FROM customer WHERE customer.id = m.customer_id) AS customer_name,
(SELECT max(checked_at) FROM latest WHERE latest.monitor_id = m.id) AS last_checked_at
"""


class NewMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor before it has ids and timestamps."""

    organization_id: int
    customer_id: int
    kind: str
    name: str = ""
    hostname: str = ""
    port: int | None = None
    status: MonitorStatus = MonitorStatus.ACTIVE
    interval_seconds: int
    timeout_seconds: int
    allowed_check_country_codes: list[str] | None = None
    config: dict[str, Any] = {}
    notification_email: str | None = None
    notification_phone_number: str | None = None
    ipv4: str | None = None
    resolve_dns: bool = True
    location_ids: list[int] | None = None
    home_location_id: int | None = None
    mode: Mode | None = None
    rotate_locations: bool = False
    locations_per_round: int = 1
    retry_on_failure: bool = False
    notify_on_error: bool = True
    alertsite: dict[str, Any] = {}
    evaluation_deadline_seconds: int | None = None

    @property
    def address(self) -> str | None:
        return None if self.resolve_dns else self.ipv4


class MonitorPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the monitors that match, oldest first, and how many match in all."""

    monitors: list[Monitor]
    total: int


async def insert(database: Database, new: NewMonitor) -> Monitor:
    """The monitor's first round is due at once: target_changed_at is the moment of the insert."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            f"""
            WITH m AS (
              INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, port, status, interval_seconds,
                timeout_seconds, allowed_check_country_codes, config, notification_email, notification_phone_number,
                ipv4, resolve_dns, location_ids, home_location_id, mode, rotate_locations, locations_per_round,
                retry_on_failure, notify_on_error, alertsite, evaluation_deadline_seconds)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24) RETURNING *
            )
            SELECT {_COLUMNS} FROM m
            """,  # noqa: S608 - constants only
            *msgspec.structs.astuple(new),
        )
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return _monitor(row)


async def change(
    database: Database,
    organization_id: int | None,
    kinds: Sequence[str],
    identifier: int | UUID,
    decide: Callable[[Monitor], Monitor],
) -> Monitor | None:
    """Replace a monitor by what `decide` makes of it, while its row is locked; None when it does not exist.

    A change of kind, host, address, port or config, and activation, set target_changed_at to now: a first round is due
    at once. A new mode replaces the monitor's policy, whatever it was before.
    """
    async with database.transaction() as connection:
        row = await _fetch(connection, organization_id, kinds, identifier, lock=True)
        if row is None:
            return None
        new = decide(_monitor(row))
        changed = await connection.fetchrow(
            f"""
            WITH m AS (
              UPDATE monitor SET
                customer_id = $2, name = $3, hostname = $4, port = $5, status = $6, interval_seconds = $7,
                timeout_seconds = $8, allowed_check_country_codes = $9, config = $10, notification_email = $11,
                notification_phone_number = $12, kind = $13, ipv4 = $14, resolve_dns = $15, location_ids = $16,
                home_location_id = $17, mode = $18, rotate_locations = $19, locations_per_round = $20,
                retry_on_failure = $21, notify_on_error = $22, alertsite = $23, evaluation_deadline_seconds = $24,
                updated_at = clock_timestamp(),
                policy = CASE WHEN mode IS DISTINCT FROM $18 THEN NULL ELSE policy END,
                target_changed_at = CASE
                  WHEN kind <> $13 OR hostname <> $4 OR port IS DISTINCT FROM $5 OR config::text <> $10::json::text
                    OR CASE WHEN NOT resolve_dns THEN ipv4 END IS DISTINCT FROM CASE WHEN NOT $15 THEN $14 END
                    OR (status = 'disabled' AND $6 <> 'disabled')
                  THEN clock_timestamp() ELSE target_changed_at END
              WHERE id = $1 RETURNING *
            )
            SELECT {_COLUMNS} FROM m
            """,  # noqa: S608 - constants only
            new.id,
            new.customer_id,
            new.name,
            new.hostname,
            new.port,
            new.status,
            new.interval_seconds,
            new.timeout_seconds,
            new.allowed_check_country_codes,
            new.config,
            new.notification_email,
            new.notification_phone_number,
            new.kind,
            new.ipv4,
            new.resolve_dns,
            new.location_ids,
            new.home_location_id,
            new.mode,
            new.rotate_locations,
            new.locations_per_round,
            new.retry_on_failure,
            new.notify_on_error,
            new.alertsite,
            new.evaluation_deadline_seconds,
        )
    return _monitor(changed) if changed else None


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
        row = await _fetch(connection, organization_id, kinds, identifier)
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
            f"""
            WITH matching AS NOT MATERIALIZED (
              SELECT * FROM monitor
              WHERE organization_id = $1 AND deleted_at IS NULL AND kind = ANY ($2::text[])
                AND ($3::bigint[] IS NULL OR customer_id = ANY ($3)) AND ($7::bigint[] IS NULL OR id = ANY ($7))
                AND ($4::text IS NULL OR strpos(lower(name), lower($4)) > 0 OR strpos(lower(hostname), lower($4)) > 0
                  OR customer_id IN (SELECT id FROM customer
                                     WHERE organization_id = $1 AND strpos(lower(name), lower($4)) > 0))
            )
            SELECT total.total, page.*
            FROM (SELECT count(*) AS total FROM matching) total
            LEFT JOIN (SELECT {_COLUMNS} FROM matching m ORDER BY m.id LIMIT $5 OFFSET $6) page ON true
            ORDER BY page.id
            """,  # noqa: S608 - constants only
            organization_id,
            kinds,
            None if customer_ids is None else sorted(customer_ids),
            search,
            limit,
            offset,
            numbers,
        )
    return await off_loop(_page, rows)


def _page(rows: Sequence[Any]) -> MonitorPage:
    return MonitorPage(monitors=[_monitor(row) for row in rows if row["id"] is not None], total=rows[0]["total"])


async def _fetch(
    connection: Connection,
    organization_id: int | None,
    kinds: Sequence[str],
    identifier: int | UUID,
    *,
    lock: bool = False,
) -> Any:
    column = "public_id" if isinstance(identifier, UUID) else "id"
    return await connection.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM monitor m
        WHERE m.{column} = $1 AND ($2::bigint IS NULL OR m.organization_id = $2) AND m.kind = ANY ($3::text[])
          AND m.deleted_at IS NULL
        {"FOR UPDATE OF m" if lock else ""}
        """,  # noqa: S608 - constants only
        identifier,
        organization_id,
        kinds,
    )


def _monitor(row: Any) -> Monitor:
    values = dict(row)
    values.pop("total", None)
    values["status"] = MonitorStatus(values["status"])
    values["mode"] = Mode(values["mode"]) if values["mode"] else None
    return Monitor(**values)
