"""Locations and partitions for the tests of a monitor's details."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from controller.store.platform.partitions import make_partitions
from controller.store.rollups.months import make_months
from shared.clock import utc_now
from tests.integration.api.conftest import Api


@pytest.fixture
async def located_api(api: Api) -> AsyncIterator[Api]:
    """Two locations, and partitions for three days without any rollup."""
    today = utc_now().date()
    await make_partitions(api.database, today - timedelta(days=3), today)
    await make_months(api.database, today)
    for code, name, country in (("de-nbg", "Nuremberg (DE)", "DE"), ("fi-hel", "Helsinki (FI)", "FI")):
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $2, $3, 'k')", code, name, country
        )
    since = datetime.combine(today - timedelta(days=3), datetime.min.time(), UTC)
    await api.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", since)
    yield api
    await api.value("DELETE FROM location")
