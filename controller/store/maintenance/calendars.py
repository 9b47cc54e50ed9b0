"""Which windows were made of which events of calendar files."""

from __future__ import annotations

from controller.store.platform.pool import Connection


async def uids_of(connection: Connection, organization_id: int) -> list[tuple[str, int]]:
    """The UIDs of the events that an organization's windows were made of, with the numbers of the windows. The same
    event may be in several: people who do not see each other's windows import it. Those of customers come first.
    """
    rows = await connection.fetch(
        "SELECT calendar_uid, id FROM maintenance_window WHERE organization_id = $1 AND calendar_uid IS NOT NULL"
        " ORDER BY customer_id NULLS LAST, id",
        organization_id,
    )
    return [(row["calendar_uid"], row["id"]) for row in rows]


async def keep_uid(connection: Connection, number: int, uid: str) -> None:
    await connection.execute("UPDATE maintenance_window SET calendar_uid = $2 WHERE id = $1", number, uid)
