"""The setup of a drill: a product under load, a mail server that counts, more controllers and agents, the ledger."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import asyncpg
import httpx

from deploy.local.programs import program
from shared.clock import now_ms
from tests.fakes.installation import recorded
from tests.fakes.ports import free_port
from tests.system import monitors
from tests.system.drills import ledger
from tests.system.drills.ledger import Balance
from tests.system.product import REPOSITORY, Product, environ, eventually

_STOP_SECONDS = 60
_INTERRUPTION = re.compile(r'"event": "(part_|nats_|fetch_|loop_|dispatch_waits|request_too_late)')


class Drill:
    """A running product with `count` monitors at 10 s from two locations, each on a port of its own."""

    def __init__(self, folder: Path, count: int) -> None:
        self.product = Product(folder / "data")
        self.connections = folder / "connections"
        self._subscribed = folder / "subscribed"
        self._subscriber: subprocess.Popen[bytes] | None = None
        self._count = count
        self._parts = ExitStack()
        self._since_ms = 0
        self.spare_port = 0
        """A port of the mail server that no monitor checks yet."""

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.product.end)
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.system.mailserver", str(self._count + 1), str(self.connections)],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            undo.callback(server.communicate)
            undo.callback(server.kill)
            assert server.stdout
            *ports, self.spare_port = json.loads(server.stdout.readline())
            self.product.start()
            asyncio.run(ledger.record(self.product.record["databaseUrl"]))
            self._since_ms = now_ms()
            self._subscriber = self._subscribe(undo)
            for port in ports:
                monitors.create(self.product, port, smtpConfig={"ignoreTls": True})
            self._parts = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.close()

    def _subscribe(self, undo: ExitStack) -> subprocess.Popen[bytes]:
        """Start a subscriber with credentials for the organization's events; it is killed every few seconds."""
        record = self.product.record
        settings = {
            "MAILPROBE_DATABASE_URL": record["databaseUrl"],
            "MAILPROBE_NATS_URL": record["natsUrl"],
            "MAILPROBE_TRUST_FILE": record["trustFile"],
        }
        credentials = self._subscribed.with_suffix(".creds")
        command = ["stream-credentials", "--organization", "Mailprobe", "--output", str(credentials)]
        made = subprocess.run(
            [program("mailprobe-controller"), *command],
            env=environ() | settings,
            capture_output=True,
            text=True,
            check=True,
        )
        consumer = made.stdout.partition("consumer ")[2].split()[0]
        arguments = [record["natsUrl"], str(credentials), consumer, str(self._subscribed)]
        subscriber = subprocess.Popen(
            [sys.executable, "-m", "tests.system.subscriber", *arguments], cwd=REPOSITORY, stdin=subprocess.PIPE
        )
        undo.callback(subscriber.wait)
        undo.callback(subscriber.kill)
        return subscriber

    def _stop_killing_the_subscriber(self) -> None:
        """Stop killing the subscriber from now on."""
        assert self._subscriber
        assert self._subscriber.stdin
        self._subscriber.stdin.write(b".")
        self._subscriber.stdin.flush()

    def _received_by_the_subscriber(self) -> list[UUID]:
        """Every result that the subscriber received, after it has read what is left."""
        assert self._subscriber
        self._subscriber.communicate(timeout=120)
        assert self._subscriber.returncode == 0
        return [UUID(line) for line in self._subscribed.read_text().splitlines()]

    def pid(self, part: str) -> int:
        return int(self.product.record["pids"][part])

    def signal(self, how: signal.Signals, *parts: str) -> None:
        for pid in [self.pid(part) for part in parts]:
            os.kill(pid, how)

    def another_controller(self) -> tuple[subprocess.Popen[bytes], str]:
        """Start a second controller on the same database and broker; returns also the address of its API."""
        port = free_port()
        record = self.product.record
        settings = {
            "MAILPROBE_DATABASE_URL": record["databaseUrl"],
            "MAILPROBE_NATS_URL": record["natsUrl"],
            "MAILPROBE_TRUST_FILE": record["trustFile"],
            "MAILPROBE_VAULT_KEYS": (self.product.data / "vault.key").read_text().strip(),
            "MAILPROBE_PORT": str(port),
            "MAILPROBE_RATE_LIMIT": "0",
        }
        process = self._start(["mailprobe-controller", "serve"], settings)
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: ready(address), "the second controller is ready")
        return process, address

    def another_agent(self, location: str) -> subprocess.Popen[bytes]:
        """Start a second agent in a location; returns when the controllers know it."""
        enrolment = self.product.data / "enrolments" / f"{location}.json"
        process = self._start(
            ["mailprobe-agent", "run", "--processes", "1", "--enrolment", str(enrolment)],
            {"MAILPROBE_ALLOW_NETWORKS": "127.0.0.0/8"},
        )

        def known() -> bool:
            found = self.product.api.get("/api/locations").json()
            return any(here["code"] == location and here["agents"] == 2 for here in found)

        eventually(known, "the second agent is known")
        return process

    def leader(self) -> int:
        """The pid of the controller that schedules."""

        async def fetch() -> str:
            connection = await asyncpg.connect(self.product.record["databaseUrl"])
            try:
                return str(await connection.fetchval("SELECT leader FROM schedule"))
            finally:
                await connection.close()

        return int(asyncio.run(fetch()).rpartition("-")[2])

    def balance(self) -> Balance:
        """The balance of everything until now. Disables the monitors, so that connections and results can be compared.

        A controller that was killed may still be starting, which takes as long as the machine needs.
        """
        until_ms = now_ms()
        eventually(lambda: ready(str(self.product.api.base_url)), "the controller serves")
        found = asyncio.run(self._balance(until_ms))
        print(found)
        return found

    def interruptions(self) -> str:
        """What the parts logged of deaths, starts and connections: it shows how long each of them was away."""
        lines = self.product.console.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if _INTERRUPTION.search(line))

    async def _balance(self, until_ms: int) -> Balance:
        record = self.product.record
        await ledger.planned(record["databaseUrl"], until_ms)
        await asyncio.to_thread(self._disable)
        self._stop_killing_the_subscriber()
        await ledger.settled(record["databaseUrl"], await ledger.silent_since(record["databaseUrl"]))
        return await ledger.balance(
            record["databaseUrl"],
            recorded(record),
            self.connections,
            since_ms=self._since_ms,
            until_ms=until_ms,
            received=await asyncio.to_thread(self._received_by_the_subscriber),
        )

    def _disable(self) -> None:
        """Disable every monitor."""
        page = 1
        while items := self.product.api.get("/api/smtp-monitors", params={"page": page, "perPage": 200}).json()[
            "items"
        ]:
            for item in items:
                monitors.change(self.product, item["publicId"], status="disabled")
            page += 1

    def _start(self, command: list[str], settings: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.product.console.open("ab") as console:
            process = subprocess.Popen(
                [program(command[0]), *command[1:]], env=environ() | settings, stdout=console, stderr=console
            )

        def end() -> None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self._parts.callback(end)
        return process


def ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
