"""The heartbeat URL of a whole installation: fetched once a minute by one of two controllers, and not while anything
stands still that a mail server's outage would have to pass.

Most of it takes minutes for each test and is left to `make drill`; test_dead_mans_switch.py in tests/integration has
the same faults with a shorter minute.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.programs import program
from tests.fakes.ports import free_port
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.system.product import Product, environ, eventually

pytestmark = pytest.mark.timeout(1500)

OPS = "ops@example.net"
PATIENCE = 300.0
LOST = "Locations de, us: canaries do not come back"


class Watched:
    """A product with two controllers, its relay, and the service that is fetched."""

    def __init__(self, product: Product, service: WebhookSink, relay: SmtpSink) -> None:
        self.product = product
        self.service = service
        self.relay = relay

    def pings_after(self, moment: float) -> list[float]:
        return [post.at for post in list(self.service.received) if post.at > moment]

    def fetched_again(self) -> None:
        now = time.monotonic()
        eventually(lambda: self.pings_after(now), "the URL is fetched again", PATIENCE)

    def not_fetched_any_more(self, seconds: float = 130.0) -> None:
        """Nothing is fetched for two minutes, after a minute in which a fetch may still have been due."""
        eventually(lambda: not self.pings_after(time.monotonic() - seconds), "it is not fetched any more", PATIENCE)

    def titles(self) -> list[str]:
        return [str(mail.message["Subject"]) for mail in self.relay.to(OPS)]

    def mail_says(self, title: str, text: str) -> None:
        def found() -> bool:
            return any(title in str(mail.message["Subject"]) and text in mail.text() for mail in self.relay.to(OPS))

        eventually(found, f"a mail says {text!r}: {self.titles()}", PATIENCE)

    def canaries(self) -> list[dict[str, Any] | None]:
        return [here["canary"] for here in self.product.api.get("/api/locations").json()]

    def database(self, work: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[None]]) -> None:
        async def connected() -> None:
            connection = await asyncpg.connect(self.product.record["databaseUrl"])
            try:
                await work(connection)
            finally:
                await connection.close()

        asyncio.run(connected())

    def leader(self) -> int:
        found: list[str] = []

        async def read(connection: asyncpg.Connection[asyncpg.Record]) -> None:
            found.append(str(await connection.fetchval("SELECT leader FROM schedule")))

        self.database(read)
        return int(found[0].rpartition("-")[2])


@pytest.fixture
def watched(new_product: Product, tmp_path: Path) -> Iterator[Watched]:
    with WebhookSink() as service, SmtpSink() as relay:
        new_product.settings = {
            "MAILPROBE_HEARTBEAT_URL": f"{service.address}/ping",
            "MAILPROBE_SMTP_HOST": "127.0.0.1",
            "MAILPROBE_SMTP_PORT": str(relay.port),
            "MAILPROBE_SMTP_FROM": "mailprobe@example.net",
            "MAILPROBE_OPS_EMAIL": OPS,
        }
        new_product.start()
        record = new_product.record
        settings = new_product.settings | {
            "MAILPROBE_DATABASE_URL": record["databaseUrl"],
            "MAILPROBE_NATS_URL": record["natsUrl"],
            "MAILPROBE_TRUST_FILE": record["trustFile"],
            "MAILPROBE_VAULT_KEYS": (new_product.data / "vault.key").read_text().strip(),
            "MAILPROBE_PORT": str(free_port()),
        }
        with (tmp_path / "second.log").open("wb") as output:
            second = subprocess.Popen(
                [program("mailprobe-controller"), "serve"], env=environ() | settings, stdout=output, stderr=output
            )
            try:
                watched = Watched(new_product, service, relay)
                watched.fetched_again()
                yield watched
            finally:
                second.kill()
                second.wait()


@pytest.mark.long
def test_two_controllers_fetch_it_once_a_minute_and_a_takeover_raises_no_alarm(watched: Watched) -> None:
    began = watched.pings_after(0)[-1]
    eventually(lambda: len(watched.pings_after(began)) >= 2, "two more fetches", PATIENCE)
    first, *others = watched.pings_after(began)
    assert all(after - before > 50 for before, after in zip([began, first], [first, *others], strict=False))
    os.kill(watched.leader(), signal.SIGKILL)
    killed = time.monotonic()
    eventually(lambda: len(watched.pings_after(killed)) >= 2, "another controller goes on", PATIENCE)
    assert watched.titles() == []
    assert all(canary is not None and canary["lost"] == [] for canary in watched.canaries())


@pytest.mark.drill
def test_it_is_not_fetched_while_evaluation_stands_still(watched: Watched) -> None:
    async def hold(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Whatever an evaluator wants to write, it waits for this lock until its time is over, and tries again."""
        async with connection.transaction():
            await connection.execute("LOCK TABLE monitor_state IN ACCESS EXCLUSIVE MODE")
            await asyncio.to_thread(watched.mail_says, LOST, "stored, but not evaluated")
            await asyncio.to_thread(watched.not_fetched_any_more)
            assert all(canary is not None and canary["lost"] for canary in watched.canaries())

    watched.database(hold)
    watched.fetched_again()
    watched.mail_says("canaries come back again", "had been lost since")


@pytest.mark.drill
def test_it_is_not_fetched_while_the_database_is_read_only(watched: Watched) -> None:
    """As after a fail-over to a standby. Sessions are ended, so that new ones are read-only."""
    name = watched.product.record["databaseUrl"].partition("?")[0].rpartition("/")[2]

    async def make(connection: asyncpg.Connection[asyncpg.Record], read_only: str) -> None:
        await connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        await connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {read_only}')
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
            name,
        )

    watched.database(lambda connection: make(connection, "on"))
    watched.not_fetched_any_more()
    watched.database(lambda connection: make(connection, "off"))
    watched.fetched_again()


@pytest.mark.drill
def test_it_is_not_fetched_while_the_relay_is_down(watched: Watched) -> None:
    watched.relay.stop()
    eventually(lambda: not watched.pings_after(time.monotonic() - 130), "it is not fetched any more", 600)
    watched.relay.start()
    watched.fetched_again()


@pytest.mark.drill
def test_it_is_not_fetched_while_every_agent_is_frozen_and_their_silence_has_one_notice(watched: Watched) -> None:
    pids = [pid for part, pid in watched.product.record["pids"].items() if part.startswith("agent-")]
    family = [each.pid for each in watched.product.family() if each.parent in pids] + pids
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    try:
        watched.not_fetched_any_more()
        eventually(watched.titles, "ops are notified", PATIENCE)
        assert all("silent" in title for title in watched.titles()), watched.titles()
    finally:
        for pid in family:
            os.kill(pid, signal.SIGCONT)
    watched.fetched_again()
