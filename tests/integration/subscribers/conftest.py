from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.store.platform.pool import Database
from tests.integration.subscribers.office import CUSTOMER, NEIGHBOUR, ORGANIZATION, OTHER, Office


@pytest.fixture
async def office(database_url: str, nats_url: str, trust_file: Path) -> AsyncIterator[Office]:
    async with Database.open(database_url) as database:
        async with database.connection() as connection:
            await connection.execute(
                """
                WITH one AS (INSERT INTO organization (name, public_id) VALUES ('One', $1) RETURNING id),
                  two AS (INSERT INTO organization (name, public_id) VALUES ('Two', $2) RETURNING id)
                INSERT INTO customer (organization_id, name, public_id)
                SELECT id, 'C', $3::uuid FROM one UNION ALL SELECT id, 'D', $4::uuid FROM one UNION ALL
                SELECT id, 'C', gen_random_uuid() FROM two
                """,
                *(ORGANIZATION, OTHER, CUSTOMER, NEIGHBOUR),
            )
        settings = {"DATABASE_URL": database_url, "NATS_URL": nats_url, "TRUST_FILE": str(trust_file)}
        yield Office(database, database_url, settings)
