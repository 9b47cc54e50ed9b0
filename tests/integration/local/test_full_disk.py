"""A server whose disk was full is restarted once there is room, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local import full_disk
from deploy.local.full_disk import FullDisk, has_room
from deploy.local.supervisor import Supervisor, supervising
from tests.integration.local.test_supervisor import shell, until


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    async with supervising(pause_seconds=0.02) as supervisor:
        yield supervisor


async def test_it_is_restarted_when_it_still_fails_although_there_is_room(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, reviews = False, 0

    def find_room(_: Path) -> bool:
        nonlocal reviews
        reviews += 1
        return room

    monkeypatch.setattr(full_disk, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(full_disk, "has_room", find_room)
    log = tmp_path / "nats.log"
    log.write_text("write 1.blk: no space left on device\n")  # of an earlier run
    await supervisor.start(shell("nats", "exec sleep 60"))
    first = supervisor.pids["nats"]
    watching = asyncio.create_task(FullDisk(supervisor, "nats", log, tmp_path).watch())
    try:

        async def failing_writes() -> None:
            while True:
                with log.open("a") as output:
                    output.write("JetStream failed to store a msg: no space left on device\n")
                await asyncio.sleep(0.02)

        await asyncio.sleep(0.2)
        assert reviews == 0
        writes = asyncio.create_task(failing_writes())
        await until(lambda: reviews > 2)
        assert supervisor.pids["nats"] == first
        room = True
        await until(lambda: supervisor.pids.get("nats") not in (None, first))
        writes.cancel()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def test_a_disk_has_room_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_disk, "_ROOM_BYTES", 1)
    assert has_room(tmp_path)
    monkeypatch.setattr(full_disk, "_ROOM_BYTES", 2**62)
    monkeypatch.setattr(full_disk, "_ROOM_SHARE", 1.0)
    assert not has_room(tmp_path)
