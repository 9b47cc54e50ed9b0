"""The probes alone as one more row of the peer rig: `python -m tests.bench.agents.rig_probes JOB.json`, in any folder.

One process on one core calls `run_check` as the agent does, without a broker. The target has the name in the job's
certificate, and the job's address.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from ipaddress import ip_network
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from agent.__main__ import GARBAGE_THRESHOLD
from agent.checks.loop_lag import LoopLag
from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.reach import Reach
from agent.net.resolve import Resolver
from agent.net.tls import Trust, load_roots
from shared import log
from shared.wire.messages import CheckRequest, CheckResult
from tests.bench.agents.rig_targets import target_of
from tests.fakes.context import CLIENT_NAME, LOCATION, PRIVATE_KEY, request

_WARM_UP_CHECKS = 20
_LOOPBACK = (ip_network("127.0.0.0/8"),)


def requests_of(job: dict[str, Any]) -> list[CheckRequest]:
    """A request for each target, as the dispatcher would send it."""
    target, login = target_of(job)
    named = msgspec.structs.replace(target, host=job["server_name"])
    return [
        request(
            msgspec.structs.replace(named, address=each["host"], port=each["port"]), login=login, timeout_seconds=10
        )
        for each in job["targets"]
    ]


class Driver:
    """Runs the job's checks in its mode (see the rig's README) and counts how they ended."""

    def __init__(self, job: dict[str, Any], context: ProbeContext) -> None:
        self._job = job
        self._station = context
        self._requests = cycle(requests_of(job))
        self._clear()

    def _clear(self) -> None:
        self._checks = 0
        self._failures: Counter[str] = Counter()
        self._milliseconds: list[float] = []

    async def check(self) -> CheckResult:
        result = await run_check(next(self._requests), self._station)
        self._checks += 1
        if result.failure is not None:
            self._failures[f"{result.failure.kind}: {result.failure.detail}"[:120]] += 1
        if self._job["mode"] == "low":
            self._milliseconds.append(result.duration_ms)
        return result

    async def warm_up(self) -> None:
        for _ in range(_WARM_UP_CHECKS):
            await self.check()
        self._clear()

    async def measure(self) -> dict[str, object]:
        began = time.perf_counter()
        mode = {"low": self._one_by_one, "interval": self._evenly, "throttle": self._flat_out}[self._job["mode"]]
        await mode(began)
        return {
            "checks": self._checks,
            "ok": self._checks - self._failures.total(),
            "wall_s": time.perf_counter() - began,
            "lat_ms": self._milliseconds,
            "errors": dict(self._failures),
        }

    async def _one_by_one(self, _began: float) -> None:
        for _ in range(self._job["count"]):
            await self.check()
            await asyncio.sleep(self._job["gap_ms"] / 1000)

    async def _evenly(self, began: float) -> None:
        step = self._job["interval_s"] / len(self._job["targets"])
        async with asyncio.TaskGroup() as group:
            for number in range(int(self._job["seconds"] / step)):
                await asyncio.sleep(max(0.0, began + number * step - time.perf_counter()))
                group.create_task(self.check())

    async def _flat_out(self, began: float) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._job["concurrency"]):
                group.create_task(self._again_until(began + self._job["seconds"]))

    async def _again_until(self, end: float) -> None:
        while time.perf_counter() < end:
            await self.check()


async def work(job: dict[str, Any]) -> None:
    """Do the job, and print `start` before and `end …` after it."""
    lag = LoopLag()
    with lag.watching():
        async with Resolver.open("localhost") as resolver:
            context = ProbeContext(
                agent="rig",
                location=LOCATION,
                country="DE",
                sealing_key=PRIVATE_KEY,
                reach=Reach(
                    resolver=resolver,
                    trust=Trust(load_roots(Path(job["ca_file"]))),
                    client_name=CLIENT_NAME,
                    allowed=_LOOPBACK,
                ),
                lag=lag,
            )
            driver = Driver(job, context)
            await driver.warm_up()
            gc.freeze()
            gc.set_threshold(GARBAGE_THRESHOLD)
            print("start", flush=True)
            print("end " + json.dumps(await driver.measure()), flush=True)


def main() -> None:
    log.configure("warning")
    job = json.loads(Path(sys.argv[-1]).read_text())
    uvloop.run(work(job))
    sys.stdin.read()


if __name__ == "__main__":
    main()
