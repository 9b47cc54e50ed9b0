"""A change of the time zone database moves what is to come, and nothing that is under way or over."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from controller.model.maintenance import Effect, Frequency, NewWindow, Recurrence, TargetNumbers
from controller.pipeline.maintenance.expansion import Expander
from controller.store.maintenance import windows
from controller.store.maintenance.zone_data import zone_data_version
from shared.clock import utc_now
from tests.integration.store.conftest import Store


@pytest.fixture
def other_rules(tmp_path: Path) -> Iterator[Path]:
    """A folder for a time zone database in which Berlin is where Tokyo is."""
    before = zoneinfo.TZPATH
    for name, source in (("UTC", "UTC"), ("Europe/Berlin", "Asia/Tokyo")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(resources.files("tzdata.zoneinfo").joinpath(source).read_bytes())
    (tmp_path / "tzdata.zi").write_text("# version 2099z\n", encoding="utf-8")
    yield tmp_path
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


async def test_other_rules_move_what_is_to_come(store: Store, other_rules: Path) -> None:
    now = utc_now()
    new = NewWindow(
        organization_id=store.organization,
        customer_id=None,
        name="Nightly",
        description=None,
        time_zone="Europe/Berlin",
        start=datetime(2026, 1, 1, 12),
        end=datetime(2026, 1, 1, 13),
        recurrence=Recurrence(Frequency.DAILY),
        effect=Effect.SILENCE,
        enabled=True,
        targets=TargetNumbers(organization=True),
        made_by=None,
    )
    async with store.database.transaction() as connection:
        number = await windows.insert(connection, new)
    expander = Expander(store.database)
    await expander.expand_due()
    before = await _stored(store, number, now)
    assert {at.astimezone(ZoneInfo("Europe/Berlin")).hour for at in before} == {12}
    zoneinfo.reset_tzpath([other_rules])
    assert zone_data_version() == "2099z"
    await expander.expand_due()
    after = await _stored(store, number, now + timedelta(hours=1))
    assert {at.astimezone(UTC).hour for at in after} == {3}
    assert await store.value("SELECT tzdata FROM maintenance_window WHERE id = $1", number) == "2099z"


async def _stored(store: Store, number: int, since: datetime) -> list[datetime]:
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT from_at FROM maintenance_occurrence WHERE window_id = $1 AND from_at > $2", number, since
        )
    assert len(rows) >= 38
    return [row["from_at"] for row in rows]
