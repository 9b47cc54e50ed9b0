"""`/metrics` of an agent is right after real checks, adds up its processes, and no client can hold it up."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from agent.net.tls import Trust
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import request
from tests.fakes.ports import free_port
from tests.fakes.scripted_server import Gate, Hang, closed_port, playing
from tests.integration.agent.running_agent import (
    POLITE,
    agent,
    none_left,
    program,
    results,
    send_request,
    target,
    until,
)
from tests.integration.agent.test_processes import Log
from tests.integration.pipeline.small_installation import eventually
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
    scrapes: list[Scraped] = []

    async def has_value() -> bool:
        with suppress(httpx.TransportError):  # the agent may not listen yet
            scrapes.append(await scrape(port))
            return scrapes[-1].sum(name, **labels) == value
        return False

    await eventually(has_value, seconds)
    return scrapes[-1]


async def test_the_numbers_are_those_of_the_checks_that_ran(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    port = free_port()
    nobody = SmtpTarget(host=ADDRESS, port=closed_port())
    async with playing(POLITE) as server, agent(enrolment, trust, metrics_port=port):
        await scrape_until(
            port, "mailprobe_agent_capacity", 50
        )  # after ten seconds a late event loop may lower the concurrency
        checks = [request(target(server)) for _ in range(5)] + [request(nobody) for _ in range(2)]
        with_login = target(server, tls=TlsMode.NONE)
        checks.append(request(with_login, login=("somebody@example.com", PASSWORD)))
        for each in checks:
            await send_request(ready, each)
        await results(ready, 8)
        await none_left(ready)
        figures = await scrape_until(port, FINISHED, 8)
    assert figures.all(FINISHED, kind="smtp", status="success", failure="none") == [5]
    assert figures.all(FINISHED, kind="smtp", status="failure", failure="refused") == [2]
    assert figures.all(FINISHED, kind="smtp", status="failure", failure="login_mechanism_missing") == [1]
    assert figures.all("mailprobe_agent_checks_started_total", kind="smtp") == [8]
    assert figures.all("mailprobe_agent_check_duration_seconds_count", kind="smtp") == [8]
    assert figures.all("mailprobe_agent_check_phase_seconds_count", kind="smtp", phase="greeting") == [6]
    assert figures.all("mailprobe_agent_processes") == figures.all("mailprobe_agent_nats_connected") == [1]
    assert figures.all("mailprobe_agent_results_unsent") == [0]
    assert figures.all("mailprobe_agent_unfit", reason="resolver_broken") == [0]
    assert figures.sum("process_cpu_seconds_total") > 0
    for secret in (PASSWORD, "somebody", "127.0.0.1", enrolment.sealing_key.reveal()):
        assert secret not in figures.text


def listening_sockets(pid: int) -> list[str]:
    """The inodes of a process's listening sockets (proc(5), state 0A)."""
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


async def test_several_processes_are_exported_as_one_and_the_counts_of_a_dead_one_stay(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    """No sum ever falls, and what a dead process was doing is not counted as still running."""
    port, opened = free_port(), asyncio.Event()
    async with (
        playing((Gate(opened), *POLITE)) as server,
        program(enrolment, tmp_path, "--processes", "2", METRICS_PORT=str(port), CONCURRENCY="20") as process,
    ):
        log = Log(process)
        await until(lambda: log.count("nats_connected") == 2)
        await scrape_until(
            port, "mailprobe_agent_capacity", 40
        )  # after ten seconds a late event loop may lower the concurrency
        for _ in range(30):
            await send_request(ready, request(target(server), timeout_seconds=60))
        await until(lambda: server.connections > 20)  # so more than one process has taken checks
        opened.set()
        checkers = {result.agent for result in await results(ready, 30)}
        assert checkers == {"program-1", "program-2"}
        await scrape_until(port, FINISHED, 30)
        figures = await scrape_until(port, "mailprobe_agent_processes", 2)
        assert figures.all("mailprobe_agent_nats_connected") == [2]
        cpu = figures.sum("process_cpu_seconds_total")
        away = (tmp_path / "de.json").rename(
            tmp_path / "away.json"
        )  # without it no new process takes the place of the dead one
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
            await send_request(ready, request(target(server)))
        await results(ready, 20)
        await scrape_until(port, FINISHED, 20)
        frozen = log.pids()["program-2"]
        os.kill(frozen, signal.SIGSTOP)
        try:
            figures = await scrape_until(port, "mailprobe_agent_processes", 1, seconds=9)
            assert figures.sum(FINISHED) == 20
        finally:
            os.kill(frozen, signal.SIGCONT)
        await scrape_until(port, "mailprobe_agent_processes", 2)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        await log.end()


async def test_a_port_that_is_taken_is_logged_and_checks_go_on(
    enrolment: Enrolment, ready: Bus, tmp_path: Path
) -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        async with (
            program(enrolment, tmp_path, PROCESSES="1", METRICS_PORT=str(port)) as process,
            playing(POLITE) as server,
        ):
            log = Log(process)
            await send_request(ready, request(target(server)))
            await results(ready, 1)
            await until(lambda: log.count("metrics_not_served") == 1)
            assert [line["port"] for line in log.lines if line["event"] == "metrics_not_served"] == [port]


async def test_running_checks_are_counted_while_they_run(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    port = free_port()
    async with playing((Hang(),)) as server, agent(enrolment, trust, metrics_port=port, drain_seconds=0.1):
        for _ in range(3):
            await send_request(ready, request(target(server), timeout_seconds=60))
        figures = await scrape_until(port, "mailprobe_agent_checks_running", 3)
        assert figures.all("mailprobe_agent_checks_waiting") == [0]
        assert figures.sum(FINISHED) == 0
