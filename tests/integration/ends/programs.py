"""The programs of an installation, started as processes of their own, with what they write."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from controller.trust import keys
from controller.vault import new_key
from shared.wire.enrolment import write
from tests.fakes.ports import free_port
from tests.integration.agent.running_agent import plain_environment, until
from tests.integration.ends.guarded import Guarded, Written

STOP_SECONDS = 60.0


@dataclass
class Program:
    """What to start, and the event that says that it is there."""

    module: str
    arguments: Sequence[str]
    settings: Mapping[str, str]
    there: str


@dataclass
class Started:
    process: Process
    written: Written = field(default_factory=Written)

    async def wrote(self, event: str, times: int = 1) -> None:
        await until(lambda: self.written.count(event) >= times or self.process.returncode is not None, 90)
        assert self.written.count(event) >= times, (self.written.lines, self.written.strange)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        async with asyncio.timeout(seconds):
            return await self.process.wait()


def agent(site: Guarded, *, processes: int = 1, name: str = "agent") -> Program:
    path = site.folder / f"{name}.enrolment"
    if not path.exists():
        write(path, site.enrolment())
    settings = {
        "ALLOW_NETWORKS": "127.0.0.0/8",
        "AGENT_NAME": name,
        "PORT25_HOSTS": "none",
        "CONTROL_NAME": "localhost",
        "PROCESSES": str(processes),
        "METRICS_PORT": str(free_port()),
    }
    return Program("agent", ["run", "--enrolment", str(path)], settings, "agent_started")


def controller(site: Guarded, database_url: str) -> Program:
    extra = {"VAULT_KEYS": new_key().reveal(), "PORT": str(free_port()), "METRICS_PORT": str(free_port())}
    return Program("controller", ["serve"], _central(site, database_url) | extra, "controller_started")


def watch(site: Guarded, database_url: str) -> Program:
    return Program("controller", ["watch"], _central(site, database_url), "watch_started")


def _central(site: Guarded, database_url: str) -> dict[str, str]:
    trust_file = site.folder / "controller.trust"
    if not trust_file.exists():
        keys.write(trust_file, site.trust)
    settings = {"DATABASE_URL": database_url, "TRUST_FILE": str(trust_file), "NATS_URL": site.url}
    if site.ca:
        path = site.folder / "nats-ca.pem"
        path.write_text(site.ca)
        settings["NATS_CA_FILE"] = str(path)
    return settings


@asynccontextmanager
async def started(program: Program, folder: Path) -> AsyncIterator[Started]:
    settings = program.settings | {"LOG_FORMAT": "json"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-m", program.module, *program.arguments),
        env=plain_environment() | {f"MAILPROBE_{name}": value for name, value in settings.items()},
        cwd=folder,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=1024**2,
    )
    there = Started(process)
    reading = asyncio.create_task(there.written.read(process))
    try:
        yield there
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
