"""Which windows were made of which events of calendar files."""

from __future__ import annotations

from controller.store.platform.pool import Connection


async def uids_of(connection: Connection, organization_id: int) -> dict[str, int]:
    """The numbers of an organization's windows by the UIDs of the events that they were made of."""
    rows = await connection.fetch(
        "SELECT calendar_uid, id FROM maintenance_window WHERE organization_id = $1 AND calendar_uid IS NOT NULL",
        organization_id,
    )
    return {row["calendar_uid"]: row["id"] for row in rows}


async def keep_uid(connection: Connection, number: int, uid: str) -> None:
    await connection.execute("UPDATE maintenance_window SET calendar_uid = $2 WHERE id = $1", number, uid)
