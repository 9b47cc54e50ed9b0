"""PostgreSQL on a disk that is full: what is noticed, what still works, and that it is over when there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.model.dependencies import Dependency
from controller.pipeline.ops.database_watch import DatabaseWatch
from controller.pipeline.ops.health import DependencyHealth
from controller.store.platform.pool import Database, StoreFullError
from deploy.local import postgres
from deploy.local.supervisor import supervising
from tests.conftest import NOT_DURABLE
from tests.fakes.small_disk import fill, make_room, small_disk

_ROWS = "INSERT INTO grown SELECT number FROM generate_series(1, 100000) AS number"


async def test_a_full_disk_is_named_until_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 200) as disk:
        server = postgres.prepare(disk / "data", options=NOT_DURABLE)
        health = DependencyHealth()
        async with (
            supervising() as supervisor,
            Database.open(server.url("postgres"), size=2, on_failure=health.store_failed) as database,
        ):
            await supervisor.start(server.part(tmp_path / "log"))
            watch = DatabaseWatch(database, health)
            async with database.connection() as connection:
                await connection.execute("CREATE TABLE grown (number int)")
            await watch.review()
            assert health.problems == {}
            fill(disk)
            with pytest.raises(StoreFullError):
                async with database.connection() as connection:
                    await connection.execute(_ROWS)
            for _ in range(2):
                await watch.review()
                text = "PostgreSQL has no space left on its disk"
                assert {part: one.text for part, one in health.problems.items()} == {Dependency.DATABASE: text}
            async with database.connection() as connection:
                assert await connection.fetchval("SELECT count(*) FROM grown") == 0
            make_room(disk)
            await watch.review()
            assert health.problems == {}
            async with database.connection() as connection:
                await connection.execute(_ROWS)
