"""Programs whose keys were ended: they say it once, in words, and an agent ends with an exit status of its own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import structlog

from agent.app import KEYS_ENDED
from agent.net.tls import Trust
from shared.nats import refusals
from tests.fakes.certificates import Certificates
from tests.fakes.folders import data_folder
from tests.integration.agent.running_agent import agent, until
from tests.integration.ends import programs
from tests.integration.ends.guarded import Guarded, guarded
from tests.integration.ends.programs import started

OURS = "this location's keys were ended"
UNTIL_THE_END = {"nats_closed_by_server", "nats_login_refused", "fetch_failed", "keys_ended"}


@pytest.fixture(params=[pytest.param(True, id="TLS"), pytest.param(False, id="no TLS", marks=pytest.mark.long)])
async def site(request: pytest.FixtureRequest, certificates: Certificates) -> AsyncIterator[Guarded]:
    with data_folder() as folder:
        async with guarded(folder, certificates, tls=request.param) as running:
            yield running


@pytest.mark.long
async def test_an_agent_says_once_that_its_keys_were_ended_and_ends(site: Guarded) -> None:
    alone, several = programs.agent(site, name="alone"), programs.agent(site, processes=2, name="several")
    async with started(alone) as one, started(several) as two:
        await one.wrote("nats_connected")
        await two.wrote("nats_connected", 2)
        await site.end_keys(*(programs.enrolled_as(site, name) for name in ("alone", "several")))
        for each, processes in ((one, 1), (two, 2)):
            assert await each.ended(180) == KEYS_ENDED
            await each.complete()
            assert each.written.strange == []
            assert each.written.severe(UNTIL_THE_END) == []
            assert each.written.count("nats_login_refused") == processes
            [line] = [line for line in each.written.lines if line["event"] == "keys_ended"]
            assert (line["reason"], line["location"], line["level"]) == (OURS, "de", "error")
            assert "mailprobe-controller locations rotate de" in line["advice"]


@pytest.mark.long
async def test_a_controller_says_once_that_its_keys_were_ended_and_watch_ends(site: Guarded, database_url: str) -> None:
    async with (
        started(programs.controller(site, database_url)) as controller,
        started(programs.watch(site, database_url)) as watch,
    ):
        await controller.wrote("nats_connected", 2)
        await watch.wrote("watch_started")
        await site.replace_operator()
        assert await watch.ended(180) == 1
        await watch.complete()
        [line] = watch.written.strange
        assert line.startswith("mailprobe-controller: NATS has refused these keys for a minute: the trust.conf")
        await controller.wrote("keys_ended")
        await asyncio.sleep(3)
        assert await controller.end(signal.SIGTERM) == 0  # it serves the API meanwhile
        await controller.complete()
        assert controller.written.strange == []
        assert controller.written.count("keys_ended") == 1
        assert controller.written.count("nats_login_refused") == 2  # its two connections
        away = {
            "nats_error",
            "nats_disconnected",
            "loop_waits",
            "dependency_failing",
            "broker_failing",
            "rounds_skipped",
        }
        assert controller.written.severe(UNTIL_THE_END | away) == []


async def test_an_agent_that_is_let_in_again_in_time_goes_on(
    site: Guarded, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "ENOUGH_SECONDS", 3600.0)
    enrolment = site.enrolment()
    with structlog.testing.capture_logs() as logged:

        def count(event: str) -> int:
            return [line["event"] for line in logged].count(event)

        async with agent(enrolment, trust, nats_ca=site.authority) as stop:
            await until(lambda: count("nats_connected") == 1)
            await site.end_keys(enrolment)
            await until(lambda: count("nats_login_refused") == 1)
            await site.refused_often(refusals.ENOUGH_ATTEMPTS + 1)
            assert not stop.is_set()
            await site.end_keys()
            await until(lambda: count("nats_connected") > 1)
    assert count("keys_ended") == 0
    assert count("nats_login_refused") == 1, logged


async def test_the_minute_over_the_agent_ends(site: Guarded, trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "ENOUGH_SECONDS", 1.0)
    enrolment = site.enrolment()
    with structlog.testing.capture_logs() as logged:
        await site.end_keys(enrolment)
        async with agent(enrolment, trust, nats_ca=site.authority) as stop:
            async with asyncio.timeout(60):
                await stop.wait()
    [line] = [line for line in logged if line["event"] == "keys_ended"]
    assert (line["reason"], line["location"]) == (OURS, "de")
