"""`/metrics` of an agent: true after real checks, whole over its processes, and nothing a stranger can hold up."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.metrics.counts import Counts
from agent.metrics.listener import serving
from agent.metrics.reading import Agent, Source
from agent.net.tls import Trust
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.targets import SmtpTarget, TlsMode
from tests.fakes.certificates import ADDRESS
from tests.fakes.ports import free_port
from tests.fakes.scripted_server import Gate, Hang, closed_port, playing
from tests.fakes.station import request
from tests.integration.agent.at_work import POLITE, agent, ask, none_left, program, results, target, until
from tests.integration.agent.test_processes import Log
from tests.integration.pipeline.world import eventually
from tests.integration.scraped import Scraped

PASSWORD = "correct-horse-battery-staple"
FINISHED = "mailprobe_agent_checks_finished_total"


async def scrape(port: int) -> Scraped:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"http://{ADDRESS}:{port}/metrics")
    assert answer.status_code == 200
    return Scraped.of(answer.text)


async def scrape_until(port: int, name: str, value: float, seconds: float = 30.0, **labels: str) -> Scraped:
    """The first scrape in which the figures of that name add up to this value."""
    told: list[Scraped] = []

    async def look() -> bool:
        with suppress(httpx.TransportError):  # it may not listen yet
            told.append(await scrape(port))
            return told[-1].sum(name, **labels) == value
        return False

    await eventually(look, seconds)
    return told[-1]


async def test_the_numbers_are_those_of_the_checks_that_ran(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    port = free_port()
    nobody = SmtpTarget(host=ADDRESS, port=closed_port())
    async with playing(POLITE) as server, agent(enrolment, trust, metrics_port=port):
        await scrape_until(port, "mailprobe_agent_capacity", 50)  # after ten seconds a late loop may lower it
        checks = [request(target(server)) for _ in range(5)] + [request(nobody) for _ in range(2)]
        with_login = target(server, tls=TlsMode.NONE)
        checks.append(request(with_login, login=("somebody@example.com", PASSWORD)))
        for each in checks:
            await ask(ready, each)
        await results(ready, 8)
        await none_left(ready)
        told = await scrape_until(port, FINISHED, 8)
    assert told.all(FINISHED, kind="smtp", status="success", failure="none") == [5]
    assert told.all(FINISHED, kind="smtp", status="failure", failure="refused") == [2]
    assert told.all(FINISHED, kind="smtp", status="failure", failure="login_mechanism_missing") == [1]
    assert told.all("mailprobe_agent_checks_started_total", kind="smtp") == [8]
    assert told.all("mailprobe_agent_check_duration_seconds_count", kind="smtp") == [8]
    assert told.all("mailprobe_agent_check_phase_seconds_count", kind="smtp", phase="greeting") == [6]
    assert told.all("mailprobe_agent_processes") == told.all("mailprobe_agent_nats_connected") == [1]
    assert told.all("mailprobe_agent_results_unsent") == [0]
    assert told.all("mailprobe_agent_unfit", reason="resolver_broken") == [0]
    assert told.sum("process_cpu_seconds_total") > 0
    for secret in (PASSWORD, "somebody", "127.0.0.1", enrolment.sealing_key.reveal()):
        assert secret not in told.text


def listening_sockets(pid: int) -> list[str]:
    """The inodes of a process's listening sockets: proc(5), state 0A."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    return [line[9] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in own]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc to see who listens")
async def test_without_a_port_nothing_listens(enrolment: Enrolment, ready: Bus, tmp_path: Path) -> None:
    async with program(enrolment, tmp_path, PROCESSES="1") as process:
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 1)
        assert listening_sockets(process.pid) == []
    assert log.count("metrics_served") == 0


async def test_several_processes_are_told_as_one_and_a_dead_ones_counts_stay(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    """So that no sum ever falls, and nothing that a dead process was doing is told as if it were."""
    port, opened = free_port(), asyncio.Event()
    async with (
        playing((Gate(opened), *POLITE)) as server,
        program(enrolment, tmp_path, "--processes", "2", METRICS_PORT=str(port), CONCURRENCY="20") as process,
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        await scrape_until(port, "mailprobe_agent_capacity", 40)  # after ten seconds a late loop may lower it
        for _ in range(30):
            await ask(ready, request(target(server), timeout_seconds=60))
        await until(lambda: server.connections > 20)  # more than one of them takes
        opened.set()
        checkers = {result.agent for result in await results(ready, 30)}
        assert checkers == {"program-1", "program-2"}
        await scrape_until(port, FINISHED, 30)
        told = await scrape_until(port, "mailprobe_agent_processes", 2)
        assert told.all("mailprobe_agent_nats_connected") == [2]
        cpu = told.sum("process_cpu_seconds_total")
        away = (tmp_path / "de.json").rename(tmp_path / "away.json")  # without it no other takes the dead one's place
        os.kill(log.pids()["program-1"], signal.SIGKILL)
        await until(lambda: log.count("process_died") >= 1)
        after = await scrape_until(port, "mailprobe_agent_processes", 1)
        assert after.sum(FINISHED) == 30
        assert after.sum("process_cpu_seconds_total") >= cpu
        assert 0 < after.sum("mailprobe_agent_capacity") <= 20
        away.rename(tmp_path / "de.json")
        await until(lambda: log.count("nats_connected") == 3)
        again = await scrape_until(port, "mailprobe_agent_processes", 2)
        assert again.sum(FINISHED) == 30
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()
    assert log.count("metrics_served") == 1
    assert not any("exc_info" in line or "exception" in line for line in log.lines)


async def test_a_process_that_stands_still_holds_up_no_scrape_and_keeps_its_counts(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    port = free_port()
    async with (
        playing(POLITE) as server,
        program(enrolment, tmp_path, "--processes", "2", METRICS_PORT=str(port)) as process,
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        for _ in range(20):
            await ask(ready, request(target(server)))
        await results(ready, 20)
        await scrape_until(port, FINISHED, 20)
        frozen = log.pids()["program-2"]
        os.kill(frozen, signal.SIGSTOP)
        try:
            told = await scrape_until(port, "mailprobe_agent_processes", 1, seconds=9)
            assert told.sum(FINISHED) == 20
        finally:
            os.kill(frozen, signal.SIGCONT)
        await scrape_until(port, "mailprobe_agent_processes", 2)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()


async def test_a_port_that_is_taken_is_told_and_checks_go_on(enrolment: Enrolment, ready: Bus, tmp_path: Path) -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        async with (
            program(enrolment, tmp_path, PROCESSES="1", METRICS_PORT=str(port)) as process,
            playing(POLITE) as server,
        ):
            log = Log(process)
            await ask(ready, request(target(server)))
            await results(ready, 1)
            await until(lambda: log.count("metrics_not_served") == 1)
            assert [line["port"] for line in log.lines if line["event"] == "metrics_not_served"] == [port]


async def test_checks_in_hand_are_told_while_they_run(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    port = free_port()
    async with playing((Hang(),)) as server, agent(enrolment, trust, metrics_port=port, drain_seconds=0.1):
        for _ in range(3):
            await ask(ready, request(target(server), timeout_seconds=60))
        told = await scrape_until(port, "mailprobe_agent_checks_running", 3)
        assert told.all("mailprobe_agent_checks_waiting") == [0]
        assert told.sum(FINISHED) == 0


@asynccontextmanager
async def listening(deadline_seconds: float = 30.0, told: Collector | None = None) -> AsyncIterator[int]:
    source = Source(Counts(), dict)

    async def gather() -> Collector:
        return told or Agent([source.read()], [], [])

    async with serving(ADDRESS, 0, gather, deadline_seconds=deadline_seconds) as port:
        yield port


async def exchange(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(ADDRESS, port)
    try:
        writer.write(sent)
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"200 OK", id="a scrape"),
        pytest.param(b"GET /metrics?name[]=up HTTP/1.1\r\n\r\n", b"200 OK", id="a scrape with a query"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"404 Not Found", id="another path"),
        pytest.param(b"POST /metrics HTTP/1.1\r\n\r\n", b"405 Method Not Allowed", id="another method"),
        pytest.param(b"GET /metrics\r\n\r\n", b"400 Bad Request", id="HTTP/0.9"),
        pytest.param(b"\x16\x03\x01 \x00 \xff\r\n\r\n", b"400 Bad Request", id="a TLS handshake"),
        pytest.param(
            b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
            b"431 Request Header Fields Too Large",
            id="a head without end",
        ),
    ],
)
async def test_the_listener_answers(sent: bytes, status: bytes) -> None:
    async with listening() as port:
        answer = await exchange(port, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Connection: close" in head
    assert (b"mailprobe_agent_build_info{" in body) is (status == b"200 OK")


async def test_a_head_request_has_the_length_and_no_body() -> None:
    async with listening() as port:
        head, _, body = (await exchange(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")).partition(b"\r\n\r\n")
    assert body == b""
    assert b"Content-Length: 0" not in head


async def let_in(port: int) -> bool:
    """Whether a request is answered. One too many may be closed before it is read, which is a reset."""
    try:
        return (await exchange(port, b"GET /nothing HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 404")
    except ConnectionError:
        return False


async def test_who_sends_nothing_is_let_go_and_too_many_are_not_let_in() -> None:
    async with listening(deadline_seconds=3.0) as port:
        idle = [await asyncio.open_connection(ADDRESS, port) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert not await let_in(port)
        async with asyncio.timeout(30):
            assert [await reader.read() for reader, _ in idle] == [b""] * 8
        assert (await exchange(port, b"GET /metrics HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
        for _, writer in idle:
            writer.close()


class _Large(Collector):
    """More than the kernel takes from one who does not read."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("large", "x" * 12_000_000, value=1)


async def test_who_does_not_read_is_let_go() -> None:
    async with listening(deadline_seconds=4.0, told=_Large()) as port:
        deaf = [await asyncio.open_connection(ADDRESS, port, limit=1) for _ in range(8)]
        for _, writer in deaf:
            writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")

        await asyncio.sleep(0.05)
        assert not await let_in(port)
        assert await eventually(lambda: let_in(port), 30)
        for _, writer in deaf:
            writer.transport.abort()


async def test_the_end_of_the_listener_waits_for_nobody() -> None:
    async with asyncio.timeout(30):
        async with listening(deadline_seconds=60) as port:
            reader, writer = await asyncio.open_connection(ADDRESS, port)
            await until(lambda: "serve-metrics" in [task.get_name() for task in asyncio.all_tasks()])
        assert await reader.read() == b""
        writer.close()
