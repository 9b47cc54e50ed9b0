"""How exact an agent's timings are while very many checks wait for slow servers, and how much memory each holds."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from pathlib import Path

import msgspec

from agent.checks.runner import ProbeContext, run_check
from agent.intake.pace import Pace
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.bench.figures import Figures, memory_mib, spread
from tests.bench.processes import child_process
from tests.bench.responder import ADDRESS
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request

_GREETING, _EHLO, _QUIT = 0.4, 0.8, 0.8
_DIALOGUE_SECONDS = _GREETING + _EHLO + _QUIT
_DIALOGUES_EACH = 4
_NEVER = 60.0
_FIRST_CHECKS = 50  # the first checks fill caches and pools, whose memory does not count


async def timings(in_flight: int) -> Figures:
    """Milliseconds between the server's delays and the agent's timings, phase by phase.

    `in_flight` dialogues of 2 s each run on one core, started evenly.
    """
    _on_one_core()
    async with context(Certificates()) as probe_context:
        return await _errors(probe_context, in_flight)


async def memory(in_flight: int) -> Figures:
    """KiB that each check holds while it waits for a server's answer, without TLS."""
    async with context(Certificates()) as probe_context:
        return {"memory_kib": await _memory_kib(probe_context, in_flight, TlsMode.NONE)}


async def memory_tls(in_flight: int) -> Figures:
    """KiB that each check holds while it waits for a server's answer, under TLS."""
    certificates = Certificates()
    with tempfile.TemporaryDirectory() as folder:
        _, chain, key = certificates.write(Path(folder))
        async with context(certificates) as probe_context:
            return {"memory_kib": await _memory_kib(probe_context, in_flight, TlsMode.IMPLICIT, str(chain), str(key))}


async def _errors(probe_context: ProbeContext, in_flight: int) -> Figures:
    pace = Pace(in_flight / _DIALOGUE_SECONDS)
    async with child_process("tests.bench.slow_server", str(_GREETING), str(_EHLO), str(_QUIT)) as line:
        target = SmtpTarget(host=ADDRESS, port=int(line), tls=TlsMode.NONE)
        found: list[
            bytes
        ] = []  # encoded, as the agent keeps them, so that the garbage collector has nothing to examine

        async def check() -> None:
            found.append(msgspec.json.encode(await run_check(request(target, timeout_seconds=10), probe_context)))

        gc.freeze()  # as the agent does when it has started
        async with asyncio.TaskGroup() as group:
            for _ in range(_DIALOGUES_EACH * in_flight):
                await pace.wait_for_start()
                group.create_task(check())
    # Only results of the time when all dialogues ran count.
    results = [msgspec.json.decode(body, type=CheckResult) for body in found[in_flight:-in_flight]]
    assert {result.status for result in results} == {ResultStatus.SUCCESS}
    return {
        "checks": len(results),
        "starts_per_second": round(in_flight / _DIALOGUE_SECONDS),
        "connect_ms": spread(_phase(result, "connect") for result in results),
        "greeting_error_ms": spread(abs(_phase(it, "greeting") - float(str(it.facts["greeting"]))) for it in results),
        "ehlo_error_ms": spread(abs(_phase(it, "ehlo") - _delay_in_ehlo(it)) for it in results),
        "quit_error_ms": spread(abs(_phase(it, "quit") - 1000 * _QUIT) for it in results),
    }


async def _memory_kib(probe_context: ProbeContext, count: int, tls: TlsMode, *certificate: str) -> float:
    """The memory of each of `count` checks that wait for the answer to EHLO."""
    async with child_process("tests.bench.slow_server", "0", str(_NEVER), "0", *certificate) as line:
        target = SmtpTarget(host=ADDRESS, port=int(line), tls=tls)
        async with asyncio.TaskGroup() as group:
            first = [group.create_task(_check(probe_context, target)) for _ in range(_FIRST_CHECKS)]
            await asyncio.sleep(1)
            gc.collect()
            before = memory_mib(os.getpid())
            pace = Pace(250)
            others = []
            for _ in range(count):
                await pace.wait_for_start()
                others.append(group.create_task(_check(probe_context, target)))
            await asyncio.sleep(1)
            assert not any(check.done() for check in others)
            after = memory_mib(os.getpid())
            for check in first + others:
                check.cancel()
    return round(1024 * (after - before) / count, 1)


async def _check(probe_context: ProbeContext, target: SmtpTarget) -> CheckResult:
    return await run_check(request(target, timeout_seconds=_NEVER), probe_context)


def _phase(result: CheckResult, name: str) -> float:
    return next(timing.duration_ms for timing in result.phases if timing.phase == name)


def _delay_in_ehlo(result: CheckResult) -> float:
    capabilities = result.facts["capabilities"]
    assert isinstance(capabilities, list)
    return float(capabilities[0].removeprefix("LATE"))


def _on_one_core() -> None:
    """Run this process on the first core; the slow server runs on the others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
