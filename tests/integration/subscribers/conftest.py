from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.store.platform.pool import Database
from tests.integration.subscribers.two_organizations import (
    CUSTOMER,
    ORGANIZATION,
    OTHER,
    OTHER_CUSTOMER,
    TwoOrganizations,
)


@pytest.fixture
async def organizations(database_url: str, nats_url: str, trust_file: Path) -> AsyncIterator[TwoOrganizations]:
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
                *(ORGANIZATION, OTHER, CUSTOMER, OTHER_CUSTOMER),
            )
        settings = {"DATABASE_URL": database_url, "NATS_URL": nats_url, "TRUST_FILE": str(trust_file)}
        yield TwoOrganizations(database, database_url, settings)
