"""The programs of an installation, started as processes of their own, with what they write."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from controller.trust import keys
from controller.vault import new_key
from deploy.local.nats import free_port
from shared.wire.enrolment import Enrolment, read, write
from tests.integration.agent.running_agent import plain_environment, until
from tests.integration.ends.guarded import Guarded, Written

STOP_SECONDS = 60.0


@dataclass
class Program:
    """What to start."""

    module: str
    arguments: Sequence[str]
    settings: Mapping[str, str]


class Started:
    """A running program; `written` is what it has written to standard error so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.written = Written()
        self.reading = asyncio.create_task(self.written.read(process))

    async def wrote(self, event: str, times: int = 1) -> None:
        await until(lambda: self.written.count(event) >= times or self.process.returncode is not None, 90)
        assert self.written.count(event) >= times, (self.written.lines, self.written.strange)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return await self.ended()

    async def complete(self) -> None:
        """Return when everything that the ended program wrote has been read."""
        await self.reading

    async def output(self) -> bytes:
        """What it wrote to standard output."""
        assert self.process.stdout
        return await self.process.stdout.read()

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        async with asyncio.timeout(seconds):
            return await self.process.wait()


def enrolled_as(site: Guarded, name: str) -> Enrolment:
    """The enrolment of the agent of this name."""
    return read(site.folder / f"{name}.enrolment")


def agent(site: Guarded, *, processes: int = 1, name: str = "agent") -> Program:
    path = site.folder / f"{name}.enrolment"
    write(path, site.enrolment())
    settings = {
        "ALLOW_NETWORKS": "127.0.0.0/8",
        "AGENT_NAME": name,
        "PORT25_HOSTS": "none",
        "CONTROL_NAME": "localhost",
        "PROCESSES": str(processes),
    }
    return Program("agent", ["run", "--enrolment", str(path)], settings)


def controller(site: Guarded, database_url: str) -> Program:
    extra = {"VAULT_KEYS": new_key().reveal(), "PORT": str(free_port()), "METRICS_PORT": str(free_port())}
    return Program("controller", ["serve"], _central(site, database_url) | extra)


def watch(site: Guarded, database_url: str) -> Program:
    return Program("controller", ["watch"], _central(site, database_url))


def _central(site: Guarded, database_url: str) -> dict[str, str]:
    trust_file = site.folder / "controller.trust"
    keys.write(trust_file, site.trust, replace=True)
    settings = {"DATABASE_URL": database_url, "TRUST_FILE": str(trust_file), "NATS_URL": site.url}
    if site.ca:
        path = site.folder / "nats-ca.pem"
        path.write_text(site.ca)
        settings["NATS_CA_FILE"] = str(path)
    return settings


@asynccontextmanager
async def started(program: Program) -> AsyncIterator[Started]:
    """Warnings that Python hides by default, such as those about sockets that nobody closed, are written, too."""
    settings = {**program.settings, "LOG_FORMAT": "json"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "default", "-m", program.module, *program.arguments),
        env=plain_environment() | {f"MAILPROBE_{name}": value for name, value in settings.items()},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=1024**2,
    )
    there = Started(process)
    try:
        yield there
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await there.complete()
