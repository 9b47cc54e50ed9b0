"""Agents of this version with controllers, and rights on the broker, of the one before and of this one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest
import structlog

from agent.intake.heartbeats import Heartbeats
from agent.intake.worker import Worker
from agent.net.tls import Trust
from agent.throttling.limiter import Limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from controller.pipeline.location_registry import LocationRegistry
from controller.store.platform.pool import Database
from controller.trust import rights
from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.enrolment import Enrolment
from shared.wire.messages import BATCHES
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request
from tests.fakes.installation import LOCATION_SIGNER, SIGNER, VERIFIER
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import (
    POLITE,
    agent,
    answering_heartbeats,
    none_left,
    results,
    send_together,
    stored,
    target,
)
from tests.integration.ends.guarded import guarded
from tests.integration.pipeline.small_installation import eventually


async def test_with_controllers_of_an_earlier_version_every_result_goes_as_they_read_it(
    enrolment: Enrolment, ready: Bus, trust: Trust
) -> None:
    async with answering_heartbeats(ready, []), playing(POLITE) as server, agent(enrolment, trust):
        requests = [request(target(server)) for _ in range(12)]
        await send_together(ready, *requests)
        found = await results(ready, 12)
        await none_left(ready)
        assert await stored(ready, subjects.RESULTS) == 0
    assert {one.check_id for one in found} == {one.check_id for one in requests}


async def test_a_controller_of_this_version_says_that_it_reads_batches_and_an_earlier_one_takes_it_back(
    database_url: str, ready: Bus, certificates: Certificates
) -> None:
    async with Database.open(database_url) as database, context(certificates) as here, asyncio.TaskGroup() as tasks:
        following = tasks.create_task(LocationRegistry(database, ready, SIGNER).follow_heartbeats())
        await asyncio.sleep(0)
        await ready.client.flush()
        limiter = Limiter(Permits(at_once=1, per_second=1, most_waiting=1), RefusedLogins(), monotonic)
        worker = Worker(
            ready,
            here,
            Checker(here, limiter, exempt=()),
            VERIFIER,
            LOCATION_SIGNER,
            concurrency=1,
            per_second=1,
            drain_seconds=0,
        )
        await _until_read(worker.heartbeats, True)
        following.cancel()
        await asyncio.wait([following])
        async with answering_heartbeats(ready, []):
            await _until_read(worker.heartbeats, False)
        async with answering_heartbeats(ready, ["from the future", BATCHES]):
            await _until_read(worker.heartbeats, True)


async def _until_read(heartbeats: Heartbeats, expected: bool) -> None:
    """Send heartbeats until an answer says so; one that takes longer than a second is ignored."""

    async def said() -> bool:
        await heartbeats.beat()
        return heartbeats.batches_are_read() is expected

    await eventually(said)


async def test_an_agent_whose_rights_are_of_an_earlier_version_sends_its_results_one_by_one(
    tmp_path: Path, certificates: Certificates, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leaf server with files of that version, for instance: the broker drops what an agent may not publish."""
    current = rights.location_rights

    def earlier(kinds: Sequence[str]) -> dict[str, Any]:
        found = current(kinds)
        found["pub"]["allow"] = [subject for subject in found["pub"]["allow"] if not subject.endswith(".batch")]
        return found

    monkeypatch.setattr(rights, "location_rights", earlier)
    with structlog.testing.capture_logs() as logged:
        async with (
            guarded(tmp_path, certificates, tls=False) as installation,
            Bus.open(installation.broker, name="test") as bus,
        ):
            await bus.wait_connected()
            enrolment = msgspec.structs.replace(installation.enrolment(), verify_keys=[SIGNER.verify_key])
            async with answering_heartbeats(bus, [BATCHES]), playing(POLITE) as server, agent(enrolment, trust):

                async def has_tried_together() -> bool:
                    before = server.connections
                    requests = [request(target(server), timeout_seconds=20) for _ in range(12)]
                    await send_together(bus, *requests)
                    found = await results(bus, 12)
                    await none_left(bus)
                    assert server.connections == before + 12
                    assert await stored(bus, subjects.RESULTS) == 0
                    assert {one.check_id for one in found} == {one.check_id for one in requests}
                    return any(line["event"] == "results_not_sent_together" for line in logged)

                await eventually(has_tried_together)
