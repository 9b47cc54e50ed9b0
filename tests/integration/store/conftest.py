"""A migrated database for each test, with an organization and two customers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from controller.model import Monitor
from controller.store.monitors import monitors
from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Database
from controller.store.rollups.months import make_months
from shared.clock import utc_now


@dataclass
class Store:
    database: Database
    organization: int = 0
    customer: int = 0
    other_customer: int = 0

    async def value(self, query: str, *arguments: object) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(query, *arguments)

    async def monitor(self, **fields: Any) -> Monitor:
        values: dict[str, Any] = {
            "organization_id": self.organization,
            "customer_id": self.customer,
            "kind": "smtp",
            "name": "M",
            "hostname": "smtp.example.com",
            "interval_seconds": 60,
            "timeout_seconds": 30,
        }
        return await monitors.insert(self.database, monitors.NewMonitor(**(values | fields)))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Database.open(database_url) as database:
        made = Store(database)
        made.organization = await made.value("INSERT INTO organization (name) VALUES ('O') RETURNING id")
        insert = "INSERT INTO customer (organization_id, name) VALUES ($1, $2) RETURNING id"
        made.customer = await made.value(insert, made.organization, "C")
        made.other_customer = await made.value(insert, made.organization, "D")
        yield made


@pytest.fixture
async def midnight(store: Store) -> datetime:
    """The beginning of the day before yesterday; nothing since is rolled up yet. Also adds locations de and us."""
    midnight = datetime.combine(utc_now().date() - timedelta(days=2), datetime.min.time(), UTC)
    await make_partitions(store.database, midnight.date(), utc_now().date())
    await make_months(store.database, utc_now().date())
    for code, country in (("de", "DE"), ("us", "US")):
        await store.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')", code, country
        )
    await store.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", midnight)
    return midnight


@pytest.fixture
async def empty_url(postgres_url: str) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"test_{os.urandom(6).hex()}"
    connection = await asyncpg.connect(postgres_url, timeout=10)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield postgres_url.replace("/postgres?", f"/{name}?")
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close(timeout=10)
