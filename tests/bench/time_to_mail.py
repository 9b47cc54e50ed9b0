"""The time from a mail server's stop to the mail about it in a recipient's mailbox, on the whole product.

Monitors are checked every 10 s, the shortest interval, from two locations, with the standard policy: a round has to
fail, and the next evaluation, which here is the next round, has to confirm it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import NamedTuple
from uuid import UUID

import asyncpg

from shared.clock import now_ms
from shared.epoch import to_ms
from shared.wire.rounds import next_due_ms
from tests.bench.figures import Figures, spread
from tests.bench.processes import product
from tests.fakes.smtp_sink import SmtpSink
from tests.system import monitors
from tests.system.greylister import Greylister
from tests.system.product import Product

_INTERVAL_MS = monitors.INTERVAL_SECONDS * 1000
_LONGEST_SECONDS = 90.0

_UP = """
SELECT count(*) FROM monitor_state JOIN monitor ON monitor.id = monitor_id WHERE verdict = 'up' AND public_id = ANY ($1)
"""
_CONFIRMED = """
SELECT monitor.public_id, outage_started_at, started_at FROM incident JOIN monitor ON monitor.id = monitor_id
WHERE monitor.public_id = ANY ($1)
"""


class Run(NamedTuple):
    """A mail server with an address of its own, which the agents throttle separately."""

    monitor: UUID
    server: ExitStack
    mailbox: str


async def measure(runs: int) -> Figures:
    """Stop `runs` servers, each with its own monitor, one after the other at different points of their intervals."""
    with SmtpSink() as sink, ExitStack() as servers:
        settings = {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(sink.port),
            "SMTP_TLS": "none",
            "SMTP_FROM": "bench@sink.test",
        }
        async with product(**settings) as running:
            made = [_run(running, servers, number) for number in range(runs)]
            ids = [each.monitor for each in made]
            connection = await asyncpg.connect(running.record["databaseUrl"])
            try:
                await _until(lambda: connection.fetchval(_UP, ids), runs)
                stopped: dict[UUID, tuple[int, float]] = {}
                for number, each in enumerate(made):
                    await asyncio.sleep(number * 37 % 100 / 100)
                    await asyncio.to_thread(each.server.close)
                    stopped[each.monitor] = (now_ms(), time.monotonic())
                await _until(lambda: _mailed(sink, made), runs)
                incidents = {row["public_id"]: row for row in await connection.fetch(_CONFIRMED, ids)}
            finally:
                await connection.close()
            mails = {each.monitor: sink.to(each.mailbox) for each in made}
    return {
        "runs": runs,
        "mails": sum(map(len, mails.values())),
        "stop_to_mail_ms": spread(1000 * (mails[each][0].at - stopped[each][1]) for each in ids),
        "stop_to_first_failing_round_ms": spread(
            float(to_ms(incidents[each]["outage_started_at"]) - stopped[each][0]) for each in ids
        ),
        "stop_to_confirmation_ms": spread(
            float(to_ms(incidents[each]["started_at"]) - stopped[each][0]) for each in ids
        ),
        "baseline_stop_to_second_round_ms": spread(float(_second_round(each, stopped[each][0])) for each in ids),
    }


def _run(running: Product, servers: ExitStack, number: int) -> Run:
    server = servers.enter_context(ExitStack())
    address, mailbox = f"127.0.1.{number + 1}", f"run-{number}@sink.test"
    port = server.enter_context(Greylister(address, blocked=())).port
    monitor = monitors.create(
        running, port, hostname=address, notificationEmail=mailbox, smtpConfig={"ignoreTls": True}
    )
    return Run(UUID(monitor), server, mailbox)


async def _mailed(sink: SmtpSink, made: list[Run]) -> int:
    return sum(bool(sink.to(each.mailbox)) for each in made)


async def _until(count: Callable[[], Awaitable[int]], expected: int) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while (found := await count()) < expected:
        assert time.monotonic() < deadline, f"{found} of {expected}"
        await asyncio.sleep(0.05)


def _second_round(monitor: UUID, stopped_ms: int) -> int:
    """Milliseconds until the second round after the server stopped, which every confirmation needs."""
    first = next_due_ms(monitor, _INTERVAL_MS, 0, stopped_ms)
    return first + _INTERVAL_MS - stopped_ms
