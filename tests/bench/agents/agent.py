"""How many plain SMTP checks one agent process does, from and to NATS, and what each costs it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import msgspec

from controller.broker.streams import ensure_check_consumer
from deploy.local.programs import program
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.enrolment import Enrolment
from shared.wire.messages import CheckRequest, CheckResult, ResultStatus
from shared.wire.rounds import Purpose
from shared.wire.signing import Signer
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.bench.agents import raw_dialogue
from tests.bench.figures import Figures, Meter, memory_mib, spread
from tests.bench.processes import Servers, child_process, servers
from tests.bench.responder import ADDRESS
from tests.fakes.context import PRIVATE_KEY
from tests.fakes.installation import enrolled, variables

_UNPACED = 100_000
_PACED_SECONDS = 10
_LONGEST_SECONDS = 300.0


async def full_speed(count: int) -> Figures:
    """`count` checks as fast as the agent can; the baseline is raw dialogues as fast as possible."""
    return await _measure(count, _UNPACED)


async def paced(starts_per_second: int) -> Figures:
    """Some seconds at this pace, to see how exact the timings are then. The baseline is the same."""
    return await _measure(starts_per_second * _PACED_SECONDS, starts_per_second)


async def _measure(count: int, pace: int) -> Figures:
    async with child_process("tests.bench.responder") as line, servers() as started:
        port = int(line)
        await ensure_check_consumer(started.bus, country="DE", location="de", kind="smtp")
        raw = await raw_dialogue.dialogues(port)
        alone = spread(await raw_dialogue.durations_ms(port, 200))
        figures = await _run(started, port, count, pace)
    return {
        **figures,
        "baseline_raw_per_second": round(raw.per_second),
        "baseline_raw_cpu_ms": round(1000 / raw.per_cpu_second, 3),
        "baseline_raw_whole_dialogue_alone_ms": alone,
    }


async def _run(started: Servers, port: int, count: int, pace: int) -> Figures:
    """Figures of the middle eight tenths of the checks; connect and EHLO as the agent timed them, in milliseconds."""
    signer = Signer(started.trust.requests[0])
    await started.bus.publish_all([_request(signer, port) for _ in range(count)])
    async with _agent(enrolled(started.nats_url, started.trust, PRIVATE_KEY), pace) as pid:
        first = await _until_stored(started.bus, count // 10)
        meter, began = Meter({"agent": pid, "nats": started.pids["nats"]}), time.monotonic()
        last = await _until_stored(started.bus, count * 9 // 10)
        seconds, cpu = time.monotonic() - began, meter.cpu()
        await _until_stored(started.bus, count)
        memory = memory_mib(pid)
        results = await _take(started.bus, count)
    assert {result.status for result in results} == {ResultStatus.SUCCESS}
    done = last - first
    return {
        "checks_per_second": round(done / seconds),
        "cpu_ms_per_check": round(1000 * cpu["agent"] / done, 3),
        "agent_cores": round(cpu["agent"] / seconds, 2),
        "nats_cores": round(cpu["nats"] / seconds, 2),
        "agent_memory_mib": memory,
        "connect_ms": spread(_phase(results, "connect")),
        "ehlo_ms": spread(_phase(results, "ehlo")),
    }


def _request(signer: Signer, port: int) -> Message:
    now = utc_now()
    request = CheckRequest(
        check_id=uuid4(),
        monitor_id=uuid4(),
        location="de",
        country="DE",
        purpose=Purpose.SCHEDULED,
        due_at=now,
        start_by=now + timedelta(seconds=_LONGEST_SECONDS),
        timeout_seconds=10,
        target=SmtpTarget(host=ADDRESS, port=port, tls=TlsMode.NONE),
    )
    subject, body = subjects.check("DE", "de", "smtp"), msgspec.json.encode(request)
    return Message(subject, body, str(request.check_id), headers=signer.headers(subject, body))


@asynccontextmanager
async def _agent(enrolment: Enrolment, pace: int) -> AsyncIterator[int]:
    settings = variables(enrolment) | {
        "MAILPROBE_ALLOW_NETWORKS": "127.0.0.0/8",
        "MAILPROBE_STARTS_PER_SECOND": str(pace),
        "MAILPROBE_PROCESSES": "1",
        "MAILPROBE_PORT25_HOSTS": "none",
        "MAILPROBE_LOG_LEVEL": "warning",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    process = await asyncio.create_subprocess_exec(program("mailprobe-agent"), "run", env=kept | settings)
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _until_stored(bus: Bus, count: int) -> int:
    """Wait until RESULTS has `count` results, and return how many it has."""
    async with asyncio.timeout(_LONGEST_SECONDS):
        while (stored := (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages) < count:
            await asyncio.sleep(0.05)
    return stored


async def _take(bus: Bus, count: int) -> list[CheckResult]:
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    results: list[CheckResult] = []
    while len(results) < count:
        for delivery in await consumer.fetch(256, 1.0):
            results.append(msgspec.json.decode(delivery.body, type=CheckResult))
            await delivery.ack()
    await consumer.close()
    while (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages:
        await asyncio.sleep(0.02)
    return results


def _phase(results: list[CheckResult], name: str) -> list[float]:
    return [timing.duration_ms for result in results for timing in result.phases if timing.phase == name]
