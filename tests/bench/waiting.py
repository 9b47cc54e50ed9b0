"""What an agent's timings are worth while very many checks wait for slow servers, and what each of them holds."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from pathlib import Path

import msgspec

from agent.checks.runner import Station, run_check
from agent.intake.pace import Pace
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import SmtpTarget, TlsMode
from tests.bench.beside import beside
from tests.bench.figures import Figures, memory_mib, spread
from tests.bench.responder import ADDRESS
from tests.fakes.certificates import Certificates
from tests.fakes.station import request, station

_GREETING, _EHLO, _QUIT = 0.4, 0.8, 0.8
_DIALOGUE_SECONDS = _GREETING + _EHLO + _QUIT
_TURNS = 4
_NEVER = 60.0
_FIRST_CHECKS = 50  # what a first check makes once, as caches and pools, is not the others' memory


async def timings(in_flight: int) -> Figures:
    """Milliseconds between what the server did and what the agent timed, phase by phase, with `in_flight` dialogues of
    2 s each on one core, evenly begun.
    """
    _on_one_core()
    async with station(Certificates()) as here:
        return await _errors(here, in_flight)


async def memory(in_flight: int) -> Figures:
    """KiB that each check holds while it waits for a server's answer, in clear."""
    async with station(Certificates()) as here:
        return {"memory_kib": await _memory_kib(here, in_flight, TlsMode.NONE)}


async def memory_tls(in_flight: int) -> Figures:
    """The same under TLS."""
    certificates = Certificates()
    with tempfile.TemporaryDirectory() as folder:
        _, chain, key = certificates.write(Path(folder))
        async with station(certificates) as here:
            return {"memory_kib": await _memory_kib(here, in_flight, TlsMode.IMPLICIT, str(chain), str(key))}


async def _errors(here: Station, in_flight: int) -> Figures:
    pace = Pace(in_flight / _DIALOGUE_SECONDS)
    async with beside("tests.bench.slow_server", str(_GREETING), str(_EHLO), str(_QUIT)) as line:
        target = SmtpTarget(host=ADDRESS, port=int(line), tls=TlsMode.NONE)
        found: list[bytes] = []  # as the agent keeps them: nothing for the garbage collector to look at

        async def check() -> None:
            found.append(msgspec.json.encode(await run_check(request(target, timeout_seconds=10), here)))

        gc.freeze()  # as the agent does when it has started
        async with asyncio.TaskGroup() as group:
            for _ in range(_TURNS * in_flight):
                await pace.turn()
                group.create_task(check())
    # Only while all the others were there.
    results = [msgspec.json.decode(body, type=CheckResult) for body in found[in_flight:-in_flight]]
    assert {result.status for result in results} == {ResultStatus.SUCCESS}
    return {
        "checks": len(results),
        "starts_per_second": round(in_flight / _DIALOGUE_SECONDS),
        "connect_ms": spread(_phase(result, "connect") for result in results),
        "greeting_error_ms": spread(abs(_phase(it, "greeting") - float(str(it.facts["greeting"]))) for it in results),
        "ehlo_error_ms": spread(abs(_phase(it, "ehlo") - _told_by_ehlo(it)) for it in results),
        "quit_error_ms": spread(abs(_phase(it, "quit") - 1000 * _QUIT) for it in results),
    }


async def _memory_kib(here: Station, count: int, tls: TlsMode, *certificate: str) -> float:
    """Of each of `count` checks that wait for the answer to EHLO."""
    async with beside("tests.bench.slow_server", "0", str(_NEVER), "0", *certificate) as line:
        target = SmtpTarget(host=ADDRESS, port=int(line), tls=tls)
        async with asyncio.TaskGroup() as group:
            first = [group.create_task(_check(here, target)) for _ in range(_FIRST_CHECKS)]
            await asyncio.sleep(1)
            gc.collect()
            before = memory_mib(os.getpid())
            pace = Pace(250)
            others = []
            for _ in range(count):
                await pace.turn()
                others.append(group.create_task(_check(here, target)))
            await asyncio.sleep(1)
            assert not any(check.done() for check in others)
            after = memory_mib(os.getpid())
            for check in first + others:
                check.cancel()
    return round(1024 * (after - before) / count, 1)


async def _check(here: Station, target: SmtpTarget) -> CheckResult:
    return await run_check(request(target, timeout_seconds=_NEVER), here)


def _phase(result: CheckResult, name: str) -> float:
    return next(timing.duration_ms for timing in result.phases if timing.phase == name)


def _told_by_ehlo(result: CheckResult) -> float:
    capabilities = result.facts["capabilities"]
    assert isinstance(capabilities, list)
    return float(capabilities[0].removeprefix("LATE"))


def _on_one_core() -> None:
    """The first; the slow server keeps to the others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
