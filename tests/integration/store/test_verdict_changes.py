"""Changes of verdicts are read from a moment on, and forgotten when they are old."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.model.retention import VERDICT_DAYS
from controller.store.incidents import verdict_changes
from shared.clock import utc_now
from tests.integration.store.conftest import Store


async def change(store: Store, monitor: int, at: datetime, verdict: str, reason: str = "a reason") -> None:
    public_id = await store.value("SELECT public_id FROM monitor WHERE id = $1", monitor)
    async with store.database.connection() as connection:
        await verdict_changes.insert(connection, public_id, at=at, verdict=verdict, previous="up", reason=reason)


async def verdicts(store: Store, monitor: int, since: datetime) -> list[str]:
    async with store.database.connection() as connection:
        found = await verdict_changes.verdicts_since(connection, [monitor], since)
    return [one.verdict for one in found.get(monitor, [])]


async def test_the_verdict_that_held_at_a_moment_comes_first(store: Store) -> None:
    monitor, other = await store.monitor(), await store.monitor()
    now = utc_now()
    for hours, verdict in ((5, "down"), (4, "up"), (2, "partial"), (1, "up")):
        await change(store, monitor.id, now - timedelta(hours=hours), verdict)
    await change(store, other.id, now - timedelta(hours=3), "down")
    assert await verdicts(store, monitor.id, now - timedelta(hours=3)) == ["up", "partial", "up"]
    assert await verdicts(store, monitor.id, now - timedelta(hours=9)) == ["down", "up", "partial", "up"]


async def test_a_second_change_at_the_same_moment_replaces_the_first(store: Store) -> None:
    monitor, now = await store.monitor(), utc_now()
    await change(store, monitor.id, now, "down")
    await change(store, monitor.id, now, "unknown")
    assert await verdicts(store, monitor.id, now - timedelta(hours=1)) == ["unknown"]


async def test_old_changes_are_forgotten_but_not_the_latest(store: Store) -> None:
    """Of a monitor whose verdict has held for longer, it would not be known otherwise what holds."""
    changing, steady = await store.monitor(), await store.monitor()
    now = utc_now()
    old, older = now - timedelta(days=VERDICT_DAYS + 1), now - timedelta(days=VERDICT_DAYS + 2)
    for monitor in (changing, steady):
        await change(store, monitor.id, older, "down")
        await change(store, monitor.id, old, "up")
    await change(store, changing.id, now - timedelta(days=VERDICT_DAYS - 1), "partial")
    await verdict_changes.forget_old(store.database)
    assert await verdicts(store, changing.id, older) == ["partial"]
    assert await verdicts(store, steady.id, older) == ["up"]
