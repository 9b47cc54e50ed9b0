"""Whoever stops a program reads only lines in our form, and no warning that means nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from controller.trust import keys
from tests.fakes.certificates import Certificates
from tests.fakes.folders import data_folder
from tests.integration.agent.running_agent import plain_environment
from tests.integration.ends import programs
from tests.integration.ends.guarded import Guarded, guarded
from tests.integration.ends.programs import Started, started

NATS_IS_AWAY = {"nats_error", "nats_disconnected", "loop_waits", "fetch_failed", "watch_interrupted"}
SIGNALS = (signal.SIGTERM, signal.SIGINT)
ENDED = {"watch": (-signal.SIGTERM, 130)}
"""The exit statuses after SIGTERM and SIGINT; 0 where none are named."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(True, id="TLS"), pytest.param(False, id="no TLS", marks=pytest.mark.long)],
)
async def site(request: pytest.FixtureRequest, certificates: Certificates) -> AsyncIterator[Guarded]:
    with data_folder() as folder:
        async with guarded(folder, certificates, tls=request.param) as running:
            yield running


@asynccontextmanager
async def all_started(site: Guarded, database_url: str) -> AsyncIterator[dict[str, Started]]:
    """Every program, by its name."""
    chosen = {
        "agent": programs.agent(site),
        "agent of two processes": programs.agent(site, processes=2, name="two"),
        "controller": programs.controller(site, database_url),
        "watch": programs.watch(site, database_url),
    }
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(started(one)) for name, one in chosen.items()}


async def stop_all(there: dict[str, Started], number: signal.Signals, allowed: set[str]) -> None:
    """Stop the programs, and examine their exit statuses and what they wrote."""
    for name, one in there.items():
        status = await one.end(number)
        await one.complete()
        assert "\n".join(one.written.strange) == "", name
        assert one.written.severe(allowed) == [], name
        assert await one.output() == b"", name
        assert status == ENDED.get(name, (0, 0))[SIGNALS.index(number)], name


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_while_connected(site: Guarded, database_url: str, number: signal.Signals) -> None:
    async with all_started(site, database_url) as there:
        for one in there.values():
            await one.wrote("nats_connected")
        await there["watch"].wrote("watch_started")
        await stop_all(there, number, {"loop_waits"})  # the database or NATS may be slow here


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_while_nats_is_away(site: Guarded, database_url: str, number: signal.Signals) -> None:
    """From the start, while they connect for the first time."""
    await site.stop()
    try:
        async with all_started(site, database_url) as there:
            for one in there.values():
                await one.wrote("nats_error")
            await stop_all(there, number, NATS_IS_AWAY)
    finally:
        await site.start()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_while_they_connect_again(site: Guarded, database_url: str, number: signal.Signals) -> None:
    async with all_started(site, database_url) as there:
        for one in there.values():
            await one.wrote("nats_connected")
        await site.stop()
        try:
            for one in there.values():
                await one.wrote("nats_error")
            await stop_all(there, number, NATS_IS_AWAY)
        finally:
            await site.start()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_while_their_keys_are_refused(site: Guarded, database_url: str, number: signal.Signals) -> None:
    """Connecting with keys that the server does not know."""
    ours, site.trust = site.trust, keys.new_trust()
    try:
        async with all_started(site, database_url) as there:
            for one in there.values():
                await one.wrote("nats_login_refused")
            await stop_all(there, number, NATS_IS_AWAY | {"nats_login_refused"})
    finally:
        site.trust = ours


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "structlog":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from {module}.__main__ import main
sys.argv = ["program", *{arguments!r}]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("module", "arguments", "status"),
    [
        pytest.param("controller", ["serve"], 130, id="controller"),
        pytest.param("controller", ["watch"], 130, id="watch"),
        pytest.param("agent", ["run"], 1, id="agent"),
        pytest.param("deploy.local", [], 1, id="everything on one machine"),
    ],
)
async def test_ctrl_c_while_modules_are_imported_says_nothing(module: str, arguments: list[str], status: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", INTERRUPTED_IMPORT.format(module=module, arguments=arguments)),
        env=plain_environment() | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(60):
        assert await process.communicate() == (b"", b"")
    assert process.returncode == status
