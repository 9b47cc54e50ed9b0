"""The whole agent as one more row of the peer rig: `python -m tests.bench.agents.rig_agent JOB.json`, in any folder.

The rig counts the CPU of child processes, so only the agent is a child. The broker and the feeder, which stand for the
controller's side, run as orphans and end when their standard input closes. As a controller does, the feeder sends
several requests in a message, and says that it reads several results in one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import msgspec
import uvloop

from controller.broker.streams import ensure_check_consumer, ensure_streams
from controller.pipeline.ingestor import FETCHED
from controller.trust import keys
from controller.trust.keys import Trust
from deploy.local import nats
from deploy.local.programs import program
from deploy.local.supervisor import supervising
from shared import log
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.secret import Secret
from shared.wire import subjects
from shared.wire.batches import MOST_REQUESTS, of_requests, results_in
from shared.wire.messages import BATCHES, CheckRequest, CheckResult, ClockReading
from shared.wire.rounds import Purpose
from shared.wire.sealing import new_key_pair, seal_login
from shared.wire.signing import Signer
from shared.wire.targets import Login, kind_of
from tests.bench.agents.rig_targets import target_of
from tests.fakes.installation import as_controller, broker_config, enrolled, variables

_LOCATION, _COUNTRY = "de", "DE"
_WARM_UP_CHECKS = 200
_MORE_THAN_IT_CAN = 4_000  # checks a second
_FETCH_SECONDS = 0.5
_LAST_SECONDS = 0.5
"""No check takes so long here, and an agent keeps no result so long."""
_READY_SECONDS = 30.0


def drive(job_file: str) -> None:
    """Start feeder and agent, print the feeder's two lines, and wait until standard input closes."""
    job = json.loads(Path(job_file).read_text())
    feeder_input, feeder_output = _orphan([sys.executable, "-m", "tests.bench.agents.rig_agent", "--feed", job_file])
    settings = json.loads(feeder_output.readline()) | {
        "MAILPROBE_ALLOW_NETWORKS": "127.0.0.0/8",
        "MAILPROBE_CA_FILE": job["ca_file"],
        "MAILPROBE_CONCURRENCY": str(job["concurrency"]),
        "MAILPROBE_STARTS_PER_SECOND": "100000",
        "MAILPROBE_EHLO_NAME": "prober.bench.test",
        "MAILPROBE_LOG_LEVEL": "warning",
        "MAILPROBE_PORT25_HOSTS": "none",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    agent = subprocess.Popen([program("mailprobe-agent"), "run", "--processes", "1"], env=kept | settings)
    try:
        for _ in range(2):
            print(feeder_output.readline().strip(), flush=True)
        sys.stdin.read()
    finally:
        agent.terminate()
        agent.wait(15)
        feeder_input.close()


def _orphan(command: list[str]) -> tuple[IO[str], IO[str]]:
    """Start a program as an orphan, from a shell that ends at once. Returns the program's input and output."""
    their_input, our_output = os.pipe()
    their_output, our_input = os.pipe()
    shell = ["sh", "-c", f'"$@" <&{their_input} >&{our_input} &', "sh", *command]
    subprocess.run(shell, pass_fds=(their_input, our_input), check=True, env=os.environ | {"PYTHONPATH": _root()})
    os.close(their_input)
    os.close(our_input)
    return os.fdopen(our_output, "w"), os.fdopen(their_output)


def _root() -> str:
    return str(Path(__file__).parents[3])


class Feeder:
    """Requests checks of one kind and takes their results, as the controller would."""

    def __init__(self, bus: Bus, job: dict[str, Any], public_key: str, signer: Signer) -> None:
        self._bus = bus
        self._signer = signer
        self._job = job
        self._target, login = target_of(job)
        self._monitor = uuid4()
        self._sealed = login and seal_login(
            Login(login[0], Secret(login[1])), public_key, monitor=self._monitor, location=_LOCATION
        )
        self._requested = 0
        self._taken: list[bytes] = []
        self._last_at = 0.0

    async def request(self, count: int) -> None:
        bodies = [self._request() for _ in range(count)]
        together = [bodies[start : start + MOST_REQUESTS] for start in range(0, count, MOST_REQUESTS)]
        refusals = await self._bus.publish_all([self._message(some) for some in together])
        assert not any(refusals), refusals
        self._requested += count

    async def answer_heartbeats(self) -> None:
        async for subject, body, reply_to, _ in self._bus.listen(subjects.ALL_AGENTS):
            now = utc_now()
            reading = ClockReading(now=now, signature=self._signer.reading(now, subject, body), reads=[BATCHES])
            await self._bus.send(str(reply_to), msgspec.json.encode(reading))

    async def take(self, durable: str) -> None:
        results = await self._bus.consumer(subjects.RESULTS, durable)
        while True:
            for delivery in await results.fetch(FETCHED[durable], _FETCH_SECONDS):
                together = subjects.is_result_batch(delivery.subject)
                self._taken += results_in(delivery.body) if together else [delivery.body]
                self._last_at = time.perf_counter()
                await delivery.ack()

    async def until_taken(self, count: int) -> None:
        while len(self._taken) < count:
            await asyncio.sleep(0.005)

    async def prepare(self) -> None:
        """Request checks before the agent starts. For full throttle all are requested now, to save its CPU later."""
        full_throttle = self._job["mode"] == "throttle"
        await self.request(_WARM_UP_CHECKS + (int(_MORE_THAN_IT_CAN * self._job["seconds"]) if full_throttle else 0))

    async def measure(self) -> dict[str, object]:
        """Measure in the job's mode; see the rig's README."""
        before, began = len(self._taken), time.perf_counter()
        mode = {"low": self._one_by_one, "interval": self._evenly, "throttle": self._flat_out}[self._job["mode"]]
        await mode(began)
        await self.until_taken(self._requested)
        taken = [msgspec.json.decode(body, type=CheckResult) for body in self._taken[before:]]
        failures = Counter(f"{it.failure.kind}: {it.failure.detail}"[:120] for it in taken if it.failure)
        return {
            "checks": len(taken),
            "ok": len(taken) - failures.total(),
            "wall_s": self._last_at - began,
            "lat_ms": [it.duration_ms for it in taken] if self._job["mode"] == "low" else [],
            "errors": dict(failures),
        }

    async def _one_by_one(self, _began: float) -> None:
        for _ in range(self._job["count"]):
            await self.request(1)
            await self.until_taken(self._requested)
            await asyncio.sleep(self._job["gap_ms"] / 1000)

    async def _evenly(self, began: float) -> None:
        step, before = self._job["interval_s"] / len(self._job["targets"]), self._requested
        while (elapsed := time.perf_counter() - began) < self._job["seconds"]:
            await self.request(max(0, int(elapsed / step) + before - self._requested))
            await asyncio.sleep(0.02)

    async def _flat_out(self, began: float) -> None:
        """Let the agent work, then remove the requests that are left."""
        while (elapsed := time.perf_counter() - began) < self._job["seconds"] and len(self._taken) < self._requested:
            await asyncio.sleep(min(0.05, self._job["seconds"] - elapsed))
        taken = len(self._taken)
        await self._bus.client.jsm().purge_stream(subjects.CHECKS)
        await asyncio.sleep(_LAST_SECONDS)
        while len(self._taken) > taken:  # results of checks that are still running
            taken = len(self._taken)
            await asyncio.sleep(_LAST_SECONDS)
        self._requested = taken

    def _request(self) -> bytes:
        now = utc_now()
        request = CheckRequest(
            check_id=uuid4(),
            monitor_id=self._monitor,
            location=_LOCATION,
            country=_COUNTRY,
            purpose=Purpose.SCHEDULED,
            due_at=now,
            start_by=now + timedelta(seconds=300),
            timeout_seconds=10,
            target=self._target,
            sealed_login=self._sealed,
        )
        return msgspec.json.encode(request)

    def _message(self, requests: list[bytes]) -> Message:
        subject, body = subjects.check(_COUNTRY, _LOCATION, kind_of(self._target)), of_requests(requests)
        return Message(subject, body, str(uuid4()), headers=self._signer.headers(subject, body))


async def feed(job_file: str) -> None:
    """Print the agent's settings, `start` when the agent is warm, and `end …` when it has done the job."""
    job = json.loads(await asyncio.to_thread(Path(job_file).read_text))
    private, public = new_key_pair()
    trust = keys.new_trust()
    async with _broker(trust) as (url, bus):
        feeder = Feeder(bus, job, public, Signer(trust.requests[0]))
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(feeder.take(durable)) for durable in FETCHED]
            beside.append(group.create_task(feeder.answer_heartbeats()))
            await feeder.prepare()
            print(
                json.dumps(variables(enrolled(url, trust, private, location=_LOCATION, country=_COUNTRY))), flush=True
            )
            async with asyncio.timeout(_READY_SECONDS):
                await feeder.until_taken(_WARM_UP_CHECKS)
            print("start", flush=True)
            print("end " + json.dumps(await feeder.measure()), flush=True)
            await asyncio.to_thread(sys.stdin.read)
            for task in beside:
                task.cancel()


@asynccontextmanager
async def _broker(trust: Trust) -> AsyncIterator[tuple[str, Bus]]:
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as name:
        async with supervising() as supervisor:
            broker = nats.prepare(Path(name) / "nats", broker_config(trust))
            await supervisor.start(broker.part(Path(name) / "nats.log"))
            async with Bus.open(as_controller(broker.url, trust), name="rig") as bus:
                await bus.wait_connected()
                await ensure_streams(bus)
                for kind in ("smtp", "imap", "pop3"):
                    await ensure_check_consumer(bus, country=_COUNTRY, location=_LOCATION, kind=kind)
                yield broker.url, bus


def main() -> None:
    log.configure("warning")
    if sys.argv[1] == "--feed":
        uvloop.run(feed(sys.argv[2]))
    else:
        drive(sys.argv[1])


if __name__ == "__main__":
    main()
