"""A controller and agents as processes whose loops are watched, on embedded servers, with a database that is full."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec

from controller.trust import keys
from controller.vault import new_key
from deploy.local.nats import free_port
from tests.bench.loops.stretches import Report
from tests.bench.processes import Servers
from tests.system.product import REPOSITORY, environ

_READY_SECONDS = 120.0
_STOP_SECONDS = 30.0


class Watched(NamedTuple):
    """A program that runs. Its report is there when it has ended."""

    process: Process
    path: Path

    def phase(self, name: str) -> None:
        """Say what the bench does from now on."""
        assert self.process.stdin
        self.process.stdin.write(f"{name}\n".encode())

    def report(self) -> Report:
        return msgspec.json.decode(self.path.read_bytes(), type=Report)


class Installation:
    """Settings and commands of the installation in `folder`; further `settings` are those of its controller."""

    def __init__(self, servers: Servers, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.folder = folder
        keys.write(folder / "trust", servers.trust)
        self._settings = {
            "DATABASE_URL": servers.database_url,
            "NATS_URL": servers.nats_url,
            "TRUST_FILE": str(folder / "trust"),
            "VAULT_KEYS": new_key().reveal(),
            "PORT": str(self.port),
            "RATE_LIMIT": "0",
            "METRICS_PER_MONITOR": "true",
            "LOG_LEVEL": "warning",
            "DRAIN_SECONDS": "1",
            **settings,
        }

    async def command(self, *arguments: str) -> None:
        """Run a command of mailprobe-controller."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "controller", *arguments), cwd=REPOSITORY, env=_named(self._settings), stdout=PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output

    async def bootstrap(self) -> str:
        """Make the first organization, and return its token."""
        files = self.folder / "token", self.folder / "password"
        await self.command("bootstrap", "--token-file", str(files[0]), "--password-file", str(files[1]))
        return files[0].read_text().strip()

    @asynccontextmanager
    async def controller(self) -> AsyncIterator[Watched]:
        async with watched(self.folder / "controller.json", ["controller", "serve"], self._settings) as program:
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(trust_env=False) as client:
                while not await _ready(client, f"http://127.0.0.1:{self.port}/readyz"):
                    assert program.process.returncode is None
                    await asyncio.sleep(0.1)
            yield program

    @asynccontextmanager
    async def agent(self, location: str, **settings: str) -> AsyncIterator[Watched]:
        """An agent of one process at a new location, which is also its country."""
        file = self.folder / f"{location}.enrolment"
        await self.command("locations", "add", location, "--country", location, "--enrolment", str(file))
        chosen = {
            "ALLOW_NETWORKS": "127.0.0.0/8",
            "PORT25_HOSTS": "none",
            "CONTROL_NAME": "localhost",
            "PROCESSES": "1",
            "LOG_LEVEL": "warning",
            **settings,
        }
        arguments = ["agent", "run", "--enrolment", str(file)]
        async with watched(self.folder / f"{location}.json", arguments, chosen) as program:
            yield program


@asynccontextmanager
async def watched(path: Path, arguments: Sequence[str], settings: dict[str, str]) -> AsyncIterator[Watched]:
    """Run a program with its loop watched, and end it in order, so that it writes its report."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.loops.watched", str(path), *arguments),
        cwd=REPOSITORY,
        env=_named(settings),
        stdin=PIPE,
    )
    try:
        yield Watched(process, path)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise


def _named(settings: dict[str, str]) -> dict[str, str]:
    return environ() | {f"MAILPROBE_{name}": value for name, value in settings.items()}


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
