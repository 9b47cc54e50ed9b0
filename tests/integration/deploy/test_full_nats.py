"""What docs/operations.md says of a NATS that is full: its streams, its limit, its disk; and how it works again."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from controller.broker import streams
from controller.metrics.counts import Counts
from controller.model.dependencies import Dependency
from controller.pipeline.ops.broker_watch import BrokerWatch
from controller.pipeline.ops.health import DependencyHealth
from deploy.local.supervisor import supervising
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from tests.conftest import requires
from tests.integration.deploy.centre import OPERATIONS, Centre, Server
from tests.integration.deploy.traffic import made_streams

PAGE = OPERATIONS.read_text()
RESULT = subjects.result("de", "de-nbg")
CHECK = subjects.check("de", "de-nbg", "smtp")
EVENT = subjects.event_pattern("o", "c", "m", "result")
_MIB = 1024 * 1024
_BODY = bytes(64 * 1024)
_PRIVATE = ("unshare", "--mount", "--propagation=private")


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


@pytest.fixture
def small(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with 20 MB instead of 8 GB, on which RESULTS may have 8 MiB and EVENTS 4."""
    limits = {subjects.RESULTS: 8 * _MIB, subjects.EVENTS: 4 * _MIB}
    smaller = tuple(each.evolve(max_bytes=limits.get(str(each.name))) for each in streams._STREAMS)
    monkeypatch.setattr(streams, "_STREAMS", smaller)
    server = centre.server("single", "nats-1")
    config = server.config.with_name("server.conf")
    assert "max_file_store: 8GB" in config.read_text()
    config.write_text(config.read_text().replace("max_file_store: 8GB", "max_file_store: 20MB"))
    return server


@asynccontextmanager
async def controller_of(centre: Centre, server: Server) -> AsyncIterator[Bus]:
    async with Bus.open(centre.controller(server), name="controller") as bus:
        await bus.wait_connected()
        await made_streams(bus)
        yield bus


async def fill(bus: Bus, subject: str, messages: int = 1) -> str:
    """Publish so many messages; why the first was refused that was, or nothing."""
    for _ in range(messages):
        try:
            await bus.publish(Message(subject, _BODY, os.urandom(8).hex()))
        except BusError as error:
            return str(error)
    return ""


async def stored(bus: Bus, stream: str) -> int:
    return (await bus.client.jsm().stream_info(stream)).state.messages


async def test_full_streams_refuse_results_forget_events_and_hinder_nothing_else(centre: Centre, small: Server) -> None:
    async with supervising() as supervisor:
        await supervisor.start(small.part())
        async with controller_of(centre, small) as bus:
            refused = await fill(bus, RESULT, 200)
            assert "maximum bytes exceeded" in refused
            assert "`maximum bytes exceeded`" in PAGE
            before = await stored(bus, subjects.RESULTS)
            assert await fill(bus, EVENT, 100) == ""
            assert await stored(bus, subjects.EVENTS) < 100
            assert await fill(bus, CHECK) == ""
            assert await stored(bus, subjects.RESULTS) == before
            await bus.client.jsm().purge_stream(subjects.RESULTS, keep=before - 2)
            assert await fill(bus, RESULT) == ""


async def test_at_its_limit_the_server_refuses_everything_until_requests_expire(centre: Centre, small: Server) -> None:
    async with supervising() as supervisor:
        await supervisor.start(small.part())
        async with controller_of(centre, small) as bus:
            for subject in (CHECK, RESULT, EVENT):
                assert "insufficient resources" in await fill(bus, subject, 400)
            assert "`insufficient resources`" in PAGE
            log = small.config.with_name("log").read_bytes().decode()
            assert "JetStream file resource limits exceeded" in log
            await bus.client.jsm().purge_stream(subjects.CHECKS)  # as when they expire
            for subject in (CHECK, RESULT, EVENT):
                assert await fill(bus, subject) == ""


@asynccontextmanager
async def own_disk(store: Path, mebibytes: int) -> AsyncIterator[int]:
    """A file system of this size at `store` that only processes of the given one's namespace see."""
    made = f"mkdir {store} && mount -t tmpfs -o size={mebibytes}m tmpfs {store} && echo made && exec sleep 600"
    holder = await asyncio.create_subprocess_exec(*_PRIVATE, "sh", "-c", made, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"made\n"
        yield holder.pid
    finally:
        holder.kill()
        await holder.wait()


async def _ran(*command: str) -> bool:
    """Whether there is such a program, and it exits with 0."""
    if not shutil.which(command[0]):
        return False
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    return await process.wait() == 0


async def _health(server: Server) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        return await client.get(f"http://127.0.0.1:{server.ports['8222']}/healthz")


async def test_a_server_whose_disk_was_full_needs_a_restart_and_has_kept_what_it_stored(centre: Centre) -> None:
    requires(await _ran(*_PRIVATE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"), "leave to mount file systems")
    server = centre.server("single", "nats-1")
    async with supervising() as supervisor, own_disk(Path(server.environ["NATS_STORE"]), 8) as holder:
        inside = ("nsenter", f"--target={holder}", "--mount")
        part = replace(server.part(), prefix=inside)
        await supervisor.start(part)
        async with controller_of(centre, server) as bus:
            known = DependencyHealth()
            watch = BrokerWatch(bus, known, Counts())
            await watch.review()
            assert known.problems == {}
            assert await fill(bus, RESULT, 200) != ""
            kept = await stored(bus, subjects.RESULTS)
            assert kept > 50
            assert await _ran(*inside, "mount", "-o", "remount,size=64m", server.environ["NATS_STORE"])
            assert await fill(bus, RESULT) != ""
            await watch.review()  # streams may have grown since
            await watch.review()
            assert set(known.problems) == {Dependency.RESULTS}  # nothing was written to the others meanwhile
            health = await _health(server)
            assert health.status_code == 503
            assert "no space left on device" in health.text
        await supervisor.stop(server.name)
        await supervisor.start(part)
        async with controller_of(centre, server) as bus:
            assert await stored(bus, subjects.RESULTS) == kept
            for subject in (CHECK, RESULT, EVENT):
                assert await fill(bus, subject) == ""
            await BrokerWatch(bus, known, Counts()).review()
            assert known.problems == {}
        assert (await _health(server)).status_code == 200
