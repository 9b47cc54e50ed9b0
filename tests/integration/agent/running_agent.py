"""A running agent on a real broker, and the controller's side of it: requests are sent, results are taken."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from nats.js.api import ConsumerInfo

from agent.app import run_agent
from agent.net.tls import Trust
from agent.settings import HostNames, LoginText, Settings
from shared.clock import utc_now
from shared.nats.broker import NatsUrl
from shared.nats.bus import Bus, Message
from shared.settings import NetworkSetting
from shared.wire import subjects
from shared.wire.batches import of_requests, results_in
from shared.wire.enrolment import Enrolment, write
from shared.wire.messages import CheckRequest, CheckResult, ClockReading, Heartbeat
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS
from tests.fakes.installation import SIGNER
from tests.fakes.scripted_server import Pause, Script, ScriptedServer
from tests.integration.pipeline.small_installation import eventually

POLITE: Script = ("S: 220 x", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 x")
SLOW: Script = ("S: 220 x", "C: EHLO", *[Pause(0.05)] * 8, "S: 250 x", "C: QUIT", "S: 221 x")


def settings_for(enrolment: Enrolment, **changes: Any) -> Settings:
    """Settings of agent `one` in DE, which may reach this machine and examines nothing beyond it."""
    chosen: dict[str, Any] = {
        "country": "DE",
        "location": "de",
        "nats_url": NatsUrl(enrolment.nats_url),
        "sealing_key": enrolment.sealing_key,
        "nats_credentials": LoginText(enrolment.nats_credentials.reveal()),
        "verify_keys": tuple(enrolment.verify_keys),
        "agent_name": "one",
        "allow_networks": (NetworkSetting("127.0.0.0/8"),),
        "concurrency": 50,
        "drain_seconds": 5.0,
        "ehlo_name": "agent.test",
        "control_name": "localhost",
        "port25_hosts": HostNames("none"),
    }
    return Settings(**(chosen | changes))


@asynccontextmanager
async def agent(enrolment: Enrolment, trust: Trust, **changes: Any) -> AsyncIterator[asyncio.Event]:
    """A running agent; yields the event that stops it, and stops it in order at the end."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_agent(settings_for(enrolment, **changes), trust, stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await running


@asynccontextmanager
async def program(enrolment: Enrolment, folder: Path, *arguments: str, **settings: str) -> AsyncIterator[Process]:
    """`mailprobe-agent run` with an enrolment for DE and these settings, its log on `stderr`; killed at the end."""
    path = folder / "de.json"
    write(path, enrolment)
    chosen = {"ALLOW_NETWORKS": "127.0.0.0/8", "AGENT_NAME": "program", "PORT25_HOSTS": "none", "LOG_FORMAT": "json"}
    chosen |= {"CONTROL_NAME": "localhost", "STATE_FOLDER": str(folder / "state")} | settings
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "run", "--enrolment", str(path), *arguments),
        env=plain_environment() | {f"MAILPROBE_{name}": value for name, value in chosen.items()},
        stderr=PIPE,
        limit=1024**2,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}


def target(server: ScriptedServer, **changes: Any) -> SmtpTarget:
    return SmtpTarget(host=ADDRESS, port=server.port, **changes)


async def send_request(
    bus: Bus, check_request: CheckRequest, message_id: str | None = None, ttl_seconds: int = 60
) -> None:
    await send_signed(bus, msgspec.json.encode(check_request), message_id or str(check_request.check_id), ttl_seconds)


async def send_together(bus: Bus, *check_requests: CheckRequest, ttl_seconds: int = 60) -> None:
    """Publish requests in one message."""
    await send_signed(bus, of_requests([msgspec.json.encode(one) for one in check_requests]), str(uuid4()), ttl_seconds)


async def send_signed(bus: Bus, body: bytes, message_id: str, ttl_seconds: int = 60) -> None:
    """Publish a body as a signed request, whatever it holds."""
    subject = subjects.check("DE", "de", "smtp")
    await bus.publish(Message(subject, body, message_id, ttl_seconds, SIGNER.headers(subject, body)))


async def results(bus: Bus, count: int, seconds: float = 120.0) -> list[CheckResult]:
    """Take exactly `count` results out of the stream, each of which came in a message of its own."""
    return [result for message in await result_messages(bus, count, seconds) for result in message]


async def result_messages(
    bus: Bus, count: int, seconds: float = 120.0, *, consumers: Sequence[str] = (subjects.INGEST,)
) -> list[list[CheckResult]]:
    """Take messages out of the stream until they have `count` results, and return the results of each."""
    taking = [await bus.consumer(subjects.RESULTS, name) for name in consumers]
    found: list[list[CheckResult]] = []
    async with asyncio.timeout(seconds):
        while sum(map(len, found)) < count:
            for consumer in taking:
                for delivery in await consumer.fetch(count, 0.2):
                    batch = subjects.is_result_batch(delivery.subject)
                    bodies = results_in(delivery.body) if batch else [delivery.body]
                    found.append([msgspec.json.decode(body, type=CheckResult) for body in bodies])
                    await delivery.ack()
    for consumer in taking:
        await consumer.close()
    assert sum(map(len, found)) == count
    return found


@asynccontextmanager
async def answering_heartbeats(bus: Bus, reads: Sequence[str]) -> AsyncIterator[list[str]]:
    """A controller that answers heartbeats with the time, and with what it reads, which the test may change. It yields
    that list.
    """
    current = list(reads)

    async def answer() -> None:
        async for subject, body, reply_to, _ in bus.listen(subjects.ALL_AGENTS):
            now = utc_now()
            reading = ClockReading(now=now, signature=SIGNER.reading(now, subject, body), reads=list(current))
            await bus.send(str(reply_to), msgspec.json.encode(reading))

    answering = asyncio.create_task(answer())
    await asyncio.sleep(0)
    await bus.client.flush()
    try:
        yield current
    finally:
        answering.cancel()
        await asyncio.wait([answering])


async def stored(bus: Bus, stream: str) -> int:
    return (await bus.client.jsm().stream_info(stream)).state.messages


async def in_hand(bus: Bus) -> int:
    """How many requests agents have taken and not yet acknowledged."""
    info: ConsumerInfo = await bus.client.jsm().consumer_info(subjects.CHECKS, subjects.check_consumer("de", "smtp"))
    return info.num_ack_pending or 0


async def none_left(bus: Bus, seconds: float = 120.0) -> None:
    """Return when every request is acknowledged."""
    await until_stored(bus, subjects.CHECKS, 0, seconds)


async def until_stored(bus: Bus, stream: str, count: int, seconds: float = 120.0) -> None:
    """Return when a stream has so many messages. The broker removes a message a moment after its acknowledgement."""

    async def done() -> bool:
        with suppress(Exception):  # the broker may be away
            return await stored(bus, stream) == count
        return False

    await eventually(done, seconds)


async def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Return when `condition` holds; fails when it does not in time."""

    async def holds() -> bool:
        return condition()

    await eventually(holds, seconds)


@asynccontextmanager
async def receiving_heartbeats(bus: Bus) -> AsyncIterator[list[tuple[str, Heartbeat]]]:
    """Subjects and heartbeats of all agents, as they come."""
    received: list[tuple[str, Heartbeat]] = []

    async def listen() -> None:
        async for subject, body, _, _ in bus.listen(subjects.ALL_AGENTS):
            received.append((subject, msgspec.json.decode(body, type=Heartbeat)))

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await bus.client.flush()
    try:
        yield received
    finally:
        listening.cancel()
        await asyncio.wait([listening])
