"""An agent on a real broker: what it answers, what it hands back, and what it never loses."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import structlog
from nats.js.api import ConsumerInfo

from agent.__main__ import run_agent
from agent.net.tls import Trust
from agent.settings import Network, Settings
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared import subjects
from shared.bus import Bus, Message
from shared.enrolment import Enrolment, write
from shared.messages import CheckRequest, CheckResult, Heartbeat, ResultStatus
from shared.streams import ensure_check_consumer, ensure_streams
from shared.targets import Secret, SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.scripted_server import Hang, Pause, Script, ScriptedServer, playing
from tests.fakes.station import PRIVATE_KEY, request

SUBJECT = subjects.check("DE", "de", "smtp")
POLITE: Script = ("S: 220 x", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 x")
SLOW: Script = ("S: 220 x", "C: EHLO", *[Pause(0.05)] * 8, "S: 250 x", "C: QUIT", "S: 221 x")


@pytest.fixture(scope="module")
def trust() -> Trust:
    return Trust(Certificates().roots)


@pytest.fixture
async def ready(bus: Bus) -> Bus:
    """A bus with the consumer of location de, as the controller makes it."""
    await ensure_check_consumer(bus, country="DE", location="de", kind="smtp")
    return bus


@asynccontextmanager
async def agent(
    nats_url: str, trust: Trust, *, name: str = "one", concurrency: int = 50, drain_seconds: float = 5.0
) -> AsyncIterator[asyncio.Event]:
    """A running agent; yields the event that stops it, and stops it in order at the end."""
    settings = Settings(
        country="DE",
        location="de",
        nats_url=Secret(nats_url),
        sealing_key=PRIVATE_KEY,
        agent_name=name,
        allow_networks=(Network("127.0.0.0/8"),),
        concurrency=concurrency,
        drain_seconds=drain_seconds,
        ehlo_name="agent.test",
        control_name="localhost",
    )
    stop = asyncio.Event()
    running = asyncio.create_task(run_agent(settings, trust, stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await running


async def ask(bus: Bus, asked: CheckRequest, message_id: str | None = None) -> None:
    await bus.publish(Message(SUBJECT, msgspec.json.encode(asked), message_id or str(asked.check_id), 60))


def target(server: ScriptedServer) -> SmtpTarget:
    return SmtpTarget(host=ADDRESS, port=server.port)


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def results(bus: Bus, count: int, seconds: float = 10.0) -> list[CheckResult]:
    """Take exactly `count` results out of the stream."""
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    found: list[CheckResult] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            for delivery in await consumer.fetch(count, 0.2):
                found.append(msgspec.json.decode(delivery.body, type=CheckResult))
                await delivery.ack()
    await consumer.close()
    assert len(found) == count
    return found


async def stored(bus: Bus, stream: str) -> int:
    return (await bus.client.jsm().stream_info(stream)).state.messages


async def in_hand(bus: Bus) -> int:
    """How many requests agents have taken and not answered for."""
    info: ConsumerInfo = await bus.client.jsm().consumer_info(subjects.CHECKS, subjects.check_consumer("de", "smtp"))
    return info.num_ack_pending or 0


async def none_left(bus: Bus) -> None:
    async def done() -> bool:
        return not await stored(bus, subjects.CHECKS)

    await eventually(done)


async def test_a_request_becomes_a_result(nats_url: str, ready: Bus, trust: Trust) -> None:
    async with playing(POLITE) as server, agent(nats_url, trust):
        asked = request(target(server), monitor_id=None)
        await ask(ready, asked)
        [result] = await results(ready, 1)
        await none_left(ready)
    assert (result.check_id, result.status, result.agent) == (asked.check_id, ResultStatus.SUCCESS, "one")


async def test_an_agent_waits_for_a_controller_that_comes_later(nats_url: str, bus: Bus, trust: Trust) -> None:
    await bus.client.jsm().delete_stream(subjects.CHECKS)
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(nats_url, trust):

            async def refused() -> bool:
                return any(line["event"] == "fetch_failed" for line in logged)

            await eventually(refused)
            await ensure_streams(bus)
            await ensure_check_consumer(bus, country="DE", location="de", kind="smtp")
            await ask(bus, request(target(server)))
            await results(bus, 1)
    assert [line["event"] for line in logged].count("fetch_failed") == 1


async def test_a_request_is_not_acknowledged_before_its_result_is_stored(
    nats_url: str, ready: Bus, trust: Trust
) -> None:
    """While the broker takes no results the request stays in hand; when it does again, both are settled."""
    await ready.client.jsm().delete_stream(subjects.RESULTS)
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(nats_url, trust):
            await ask(ready, request(target(server)))

            async def checked() -> bool:
                return any(line["event"] == "results_held_back" for line in logged)

            await eventually(checked, 15)
            assert await stored(ready, subjects.CHECKS) == 1
            assert await in_hand(ready) == 1
            await ensure_streams(ready)
            await results(ready, 1)
            await none_left(ready)
            assert server.connections == 1
    assert [line["event"] for line in logged].count("results_held_back") == 1


async def test_a_request_that_comes_again_is_answered_and_not_run_again(
    nats_url: str, ready: Bus, trust: Trust
) -> None:
    async with playing(POLITE) as server, agent(nats_url, trust):
        asked = request(target(server))
        await ask(ready, asked)
        await results(ready, 1)
        await ask(ready, asked, "the same under another id")
        await none_left(ready)
        assert server.connections == 1
        assert await stored(ready, subjects.RESULTS) == 0  # the broker knew that result


async def test_a_request_that_comes_again_while_it_runs_is_attached(nats_url: str, ready: Bus, trust: Trust) -> None:
    async with playing(SLOW) as server, agent(nats_url, trust):
        asked = request(target(server))
        await ask(ready, asked)
        await ask(ready, asked, "the same under another id")
        await results(ready, 1)
        await none_left(ready)
        assert server.connections == 1


async def test_what_cannot_be_run_is_put_away_and_the_next_is_run(nats_url: str, ready: Bus, trust: Trust) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(nats_url, trust):
            await ready.publish(Message(SUBJECT, b"hunter2 is no request", "garbage", 60))
            await ready.publish(Message(SUBJECT, b'{"checkId": "hunter2"}', "half", 60))
            await ready.publish(Message(SUBJECT, b"\xff\xfe", "binary", 60))
            await ask(ready, request(target(server), location="us"))
            await ask(ready, request(target(server), start_in_seconds=-1))
            asked = request(target(server))
            await ask(ready, asked)
            [result] = await results(ready, 1)
            await none_left(ready)
            assert server.connections == 1
    assert result.check_id == asked.check_id
    events = [line["event"] for line in logged]
    assert events.count("request_unreadable") == 3
    assert events.count("request_for_another_location") == 1
    assert events.count("request_too_late") == 1
    assert "hunter2" not in repr(logged)


async def test_every_line_of_a_check_carries_its_ids(nats_url: str, ready: Bus, trust: Trust) -> None:
    context = [structlog.contextvars.merge_contextvars]
    with structlog.testing.capture_logs(processors=context) as logged:
        async with playing(POLITE) as server, agent(nats_url, trust):
            asked = request(target(server))
            await ask(ready, asked)
            await results(ready, 1)
    [line] = [line for line in logged if line["event"] == "check_done"]
    assert (line["check_id"], line["monitor_id"]) == (str(asked.check_id), str(asked.monitor_id))
    assert line["location"] == "de"


async def test_no_more_is_taken_than_there_are_slots(nats_url: str, ready: Bus, trust: Trust) -> None:
    async with playing((Hang(),)) as server, agent(nats_url, trust, concurrency=3, drain_seconds=0):
        for _ in range(8):
            await ask(ready, request(target(server), timeout_seconds=30))

        async def full() -> bool:
            return server.connections == 3

        await eventually(full)
        await asyncio.sleep(0.05)
        assert server.connections == 3
        assert await in_hand(ready) == 3


async def test_a_stopping_agent_finishes_what_runs_and_takes_no_more(nats_url: str, ready: Bus, trust: Trust) -> None:
    async with playing(SLOW) as server:
        async with agent(nats_url, trust) as stop:
            await ask(ready, request(target(server)))

            async def begun() -> bool:
                return server.connections == 1

            await eventually(begun)
            stop.set()
        await ask(ready, request(target(server)))
        [result] = await results(ready, 1)
        assert result.status is ResultStatus.SUCCESS
        assert server.connections == 1
        assert await stored(ready, subjects.CHECKS) == 1


async def test_what_a_stopping_agent_cannot_finish_goes_to_another_at_once(
    nats_url: str, ready: Bus, trust: Trust
) -> None:
    async with playing((Hang(),)) as server:
        asked = request(target(server), timeout_seconds=2)
        async with agent(nats_url, trust, drain_seconds=0.1):
            await ask(ready, asked)

            async def begun() -> bool:
                return server.connections == 1

            await eventually(begun)
        async with agent(nats_url, trust, name="two"):
            [result] = await results(ready, 1, seconds=6)  # well before the broker's own patience ends
    assert (result.check_id, result.agent) == (asked.check_id, "two")


async def test_heartbeats_tell_who_is_there(nats_url: str, ready: Bus, trust: Trust) -> None:
    heard: asyncio.Future[tuple[str, bytes]] = asyncio.get_running_loop().create_future()

    async def listen() -> None:
        async for message in ready.listen(subjects.ALL_AGENTS):
            heard.set_result(message)
            return

    listening = asyncio.create_task(listen())
    await ready.client.flush()
    async with agent(nats_url, trust):
        subject, body = await asyncio.wait_for(heard, 5)
    await listening
    heartbeat = msgspec.json.decode(body, type=Heartbeat)
    assert subject == "mailprobe.agent.de.de.one"
    assert (heartbeat.agent, heartbeat.location, heartbeat.country) == ("one", "de", "DE")
    assert heartbeat.kinds == ["smtp"]


async def test_a_broker_killed_in_the_middle_of_checks_loses_nothing(server_folder: Path, trust: Trust) -> None:
    """Results wait in the agent until the broker is back; each request is answered exactly once."""
    server = nats.prepare(server_folder / "nats-agent")
    async with (
        supervising(pause_seconds=0.5) as supervisor,
        playing(SLOW) as mail,
        Bus.open(server.url, name="test") as bus,
    ):
        await supervisor.start(server.part(server_folder / "nats-agent.log"))
        await bus.wait_connected()
        await ensure_streams(bus)
        await ensure_check_consumer(bus, country="DE", location="de", kind="smtp")
        async with agent(server.url, trust):
            asked = [request(target(mail)) for _ in range(20)]
            for each in asked:
                await ask(bus, each)

            async def begun() -> bool:
                return mail.connections >= 10

            await eventually(begun)
            [pid] = supervisor.pids.values()
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)
            await bus.wait_connected()
            found = await results(bus, len(asked), 30)
            await eventually(lambda: _empty(bus), 30)
    assert sorted(result.check_id for result in found) == sorted(each.check_id for each in asked)
    assert mail.connections == len(asked)


async def _empty(bus: Bus) -> bool:
    with suppress(Exception):
        return not await stored(bus, subjects.CHECKS)
    return False


async def test_the_program_runs_and_stops_in_order(nats_url: str, ready: Bus, tmp_path: Path) -> None:
    enrolment = tmp_path / "de.json"
    write(enrolment, Enrolment(location="de", country="DE", nats_url=nats_url, sealing_key=PRIVATE_KEY))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agent",
        "run",
        "--enrolment",
        str(enrolment),
        env=environ | {"MAILPROBE_ALLOW_NETWORKS": "127.0.0.0/8", "MAILPROBE_AGENT_NAME": "program"},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with playing(POLITE) as server:
            await ask(ready, request(target(server)))
            [result] = await results(ready, 1, 20)
            assert (result.agent, result.status) == ("program", ResultStatus.SUCCESS)
        process.terminate()
        _, told = await asyncio.wait_for(process.communicate(), 10)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0
    assert b"agent_stopped" in told
    assert b"Traceback" not in told
    assert nats_url.encode() not in told
