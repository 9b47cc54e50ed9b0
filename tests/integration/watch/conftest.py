from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from tests.integration.watch.watch_process import CUSTOMER, ORGANIZATION, Publisher


@pytest.fixture
async def publisher(database_url: str, bus: Bus) -> AsyncIterator[Publisher]:
    async with Database.open(database_url) as database:
        async with database.connection() as connection:
            await connection.execute("INSERT INTO organization (public_id, name) VALUES ($1, 'Owners')", ORGANIZATION)
            await connection.execute(
                "INSERT INTO customer (public_id, organization_id, name) SELECT $1, id, 'Customer' FROM organization",
                CUSTOMER,
            )
            await connection.execute(
                "INSERT INTO location (code, name, country_code, public_key) VALUES ('de-nbg', 'N', 'DE', 'k')"
            )
        yield Publisher(database, bus)


@pytest.fixture
def settings(database_url: str, nats_url: str, trust_file: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    return plain | {
        "MAILPROBE_DATABASE_URL": database_url,
        "MAILPROBE_NATS_URL": nats_url,
        "MAILPROBE_TRUST_FILE": str(trust_file),
        "MAILPROBE_LOG_FORMAT": "json",
        "PYTHONUTF8": "1",
    }
