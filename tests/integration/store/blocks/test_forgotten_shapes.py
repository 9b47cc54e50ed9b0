"""The shape of a block stays, also when it is forgotten at the moment at which the block is made."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from controller.store.blocks import folding
from controller.store.blocks.shapes import forget_shapes
from controller.store.checks.history import check_history
from controller.store.platform.pool import Connection
from shared.clock import utc_now
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, HOUR, fold_all, start_again
from tests.integration.store.blocks.test_fold_locks import somebody_waits
from tests.integration.store.blocks.test_folding import hour_of
from tests.integration.store.conftest import Store


@pytest.fixture
async def begin(store: Store, midnight: datetime) -> datetime:
    await start_again(store, midnight)
    return midnight


async def an_old_shape(store: Store, begin: datetime) -> list[Any]:
    """Fold an hour and say that its shape was not used for long; return the checks of the next one, of the same shape,
    which are stored and not folded.
    """
    monitor = await store.monitor()
    await put(store, hour_of(monitor, begin))
    await fold_all(store, begin)
    await store.value("TRUNCATE result_block")
    await store.value("UPDATE result_shape SET used_until = now() - interval '100 days'")
    await store.value("UPDATE fold_progress SET at = $1", begin)
    later = hour_of(monitor, begin + HOUR)
    await put(store, later)
    return [monitor, later]


async def test_a_shape_that_a_new_block_has_is_not_forgotten(
    store: Store, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is to be forgotten between the moments at which the block is inserted and committed."""
    monitor, later = await an_old_shape(store, begin)
    insert, forgetting = folding._insert, []

    async def insert_while_another_forgets(connection: Connection, *arguments: Any) -> None:
        await insert(connection, *arguments)
        forgetting.append(asyncio.create_task(forget_shapes(store.database, utc_now() - 10 * DAY)))
        await somebody_waits(store)

    monkeypatch.setattr(folding, "_insert", insert_while_another_forgets)
    assert await fold_all(store, begin) == 60
    await asyncio.gather(*forgetting)
    assert len(await check_history(store.database, monitor.id, monitor.public_id, limit=100)) == len(later)


async def test_a_shape_that_is_being_forgotten_is_made_again(store: Store, begin: datetime) -> None:
    monitor, later = await an_old_shape(store, begin)
    async with store.database.one_transaction() as forgetting:
        await forget_shapes(forgetting, utc_now() - 10 * DAY)
        fold = asyncio.create_task(fold_all(store, begin))
        await somebody_waits(store)
    assert await fold == 60
    assert len(await check_history(store.database, monitor.id, monitor.public_id, limit=100)) == len(later)
