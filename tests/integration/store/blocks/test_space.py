"""What is stored and removed while the space of a folded day is given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.pipeline.folding.space import give_back_space
from controller.store.blocks import space
from controller.store.checks.history import check_history
from controller.store.checks.results import store_results
from controller.store.platform.pool import Connection
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, fold_all, start_again
from tests.integration.store.blocks.test_folding import hour_of
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, result


@pytest.fixture
async def begin(store: Store, midnight: datetime) -> datetime:
    await start_again(store, midnight)
    await store.value("UPDATE fold_progress SET compacted_until = $1", midnight)
    return midnight


async def test_what_is_stored_and_removed_while_rows_are_copied_is_in_the_new_partition_or_not(
    store: Store, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor, removed = await store.monitor(), await store.monitor()
    for each in (monitor, removed):
        await put(store, hour_of(each, begin, m7={"failure": DOWN}, m9={"failure": DOWN}))
    assert await fold_all(store, begin) == 2 * 58
    late = result(monitor.public_id, begin + timedelta(seconds=7))
    copy = space._copy

    async def copy_while_others_go_on(connection: Connection, *arguments: Any) -> None:
        await copy(connection, *arguments)
        await store_results(store.database, [late])
        await store.value("DELETE FROM result WHERE monitor_id = $1", removed.id)

    monkeypatch.setattr(space, "_copy", copy_while_others_go_on)
    await give_back_space(store.database)
    assert await store.value("SELECT compacted_until FROM fold_progress WHERE span_seconds = 86400") > begin
    assert await store.value("SELECT count(*) FROM result WHERE due_at < $1", begin + DAY) == 3
    assert len(await check_history(store.database, monitor.id, monitor.public_id, limit=100)) == 61
    assert len(await check_history(store.database, removed.id, removed.public_id, limit=100)) == 58
