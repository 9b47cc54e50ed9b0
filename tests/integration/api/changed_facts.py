"""Facts and changes of servers for tests, as the comparison writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from controller.decisions.comparison.comparing import KeptValue
from controller.store.comparison import changes, facts
from controller.store.comparison.changes import NewChange
from controller.store.events.owners import owners_of
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.integration.api.conftest import Api


async def add_fact(
    api: Api, monitor: dict[str, Any], location: str, name: str, value: str, *, at: datetime | None = None
) -> None:
    """Have a location see a value that holds from then on."""
    async with api.database.transaction() as connection:
        number = await connection.fetchval("SELECT id FROM monitor WHERE public_id = $1", UUID(monitor["publicId"]))
        here = await connection.fetchval("SELECT id FROM location WHERE code = $1", location)
        kept = KeptValue(here, name, value, to_ms(at or utc_now()), holds=True)
        await facts.keep(connection, number, [kept], {here: "192.0.2.25"})


async def add_change(api: Api, monitor: dict[str, Any], **fields: Any) -> UUID:
    """Add a change to the feed: of the TLS version at `de-nbg`, unless the fields say something else."""
    values: dict[str, Any] = {
        "at": utc_now() - timedelta(minutes=1),
        "change": "changed",
        "fact": "tlsVersion",
        "finding": None,
        "before": "TLSv1.2",
        "after": "TLSv1.3",
        "locations": ("de-nbg",),
        "countries": ("DE",),
        **fields,
    }
    async with api.database.transaction() as connection:
        row = await connection.fetchrow(
            "SELECT id, organization_id, customer_id FROM monitor WHERE public_id = $1", UUID(monitor["publicId"])
        )
        assert row is not None
        owner = (await owners_of(connection, [row["id"]]))[row["id"]]
        new = NewChange(row["id"], row["organization_id"], row["customer_id"], owner, **values)
        [number] = await changes.insert(connection, [new])
    return number
