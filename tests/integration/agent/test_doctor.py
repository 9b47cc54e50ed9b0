"""`mailprobe-agent doctor` as a program: what it finds on this machine, and its exit status."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
import structlog
from msgspec import structs

from agent.commands.diagnostics import PORTS, BrokerLogin, Diagnostics, Row, State, _ports, examine
from agent.net.resolve import Resolver
from controller.pipeline.location_registry import LocationRegistry
from controller.store.locations import locations
from controller.store.platform.pool import Database
from controller.trust.keys import new_trust
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.credentials import parse
from shared.wire.enrolment import Enrolment, write
from shared.wire.messages import CLOCK_TOLERANCE_MS
from tests.fakes.certificates import ADDRESS
from tests.fakes.installation import SIGNER, enrolled
from tests.fakes.name_server import Zone, serving
from tests.fakes.scripted_server import closed_port
from tests.integration.agent.running_agent import plain_environment


async def doctor(*arguments: str, **settings: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "doctor", *arguments),
        env=plain_environment() | {f"MAILPROBE_{name}": value for name, value in settings.items()},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_every_port_of_mail_is_tried_at_the_hosts_given() -> None:
    status, out, err = await doctor(ADDRESS, CONTROL_NAME="localhost")
    assert err == ""
    assert status in {0, 1}  # 1 where this machine lacks IPv6 or a fast name server
    for port in (25, 465, 587, 993, 995, 110, 143):
        assert re.search(rf"^fit +port {port} +{ADDRESS} (refused|\d+ ms)", out, re.MULTILINE), out
    assert re.search(r"^skipped +broker, clock ", out, re.MULTILINE)


@pytest.mark.parametrize("given", [True, False], ids=["hosts given", "the usual ones"])
async def test_a_host_given_is_tried_at_each_of_its_addresses(given: bool) -> None:
    hosts: dict[str, tuple[str, ...]] = {"hosts": ("mail.test", ADDRESS), "port25_hosts": ()}
    if not given:
        hosts = {"hosts": (), "port25_hosts": ("mail.test", ADDRESS)}
    request = Diagnostics(**hosts, control_name="mail.test", broker_login=None)
    zone: Zone = {"mail.test": ["127.0.0.2", "127.0.0.3"]}
    async with serving(zone) as server, Resolver.open("mail.test", [server]) as resolver:
        rows = await _ports(resolver, request)
    outcome = r"(refused|\d+ ms( and a greeting|, closed without a greeting|, no greeting)?)"
    there = rf"at 127\.0\.0\.2 {outcome}, at 127\.0\.0\.3 {outcome}" if given else outcome
    assert [row.what for row in rows] == [f"port {port}" for port in (PORTS if given else (25,))]
    for row in rows:
        assert row.state is State.FIT
        assert re.fullmatch(rf"mail\.test {there}; {re.escape(ADDRESS)} {outcome}", row.detail), row.detail


async def test_name_servers_that_know_nothing_leave_nothing_to_check() -> None:
    status, out, _ = await doctor(CONTROL_NAME="nobody.invalid", PORT25_HOSTS="none")
    assert status == 2
    assert re.search(r"^unfit +name servers +nobody.invalid cannot be resolved", out, re.MULTILINE)
    assert re.search(r"^skipped +port 25 ", out, re.MULTILINE)


async def test_the_clock_is_compared_with_the_brokers_by_an_allowed_request(
    enrolment: Enrolment, bus: Bus, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "de.json"
    write(path, enrolment)
    async with Database.open(database_url) as database, asyncio.TaskGroup() as tasks:
        registry = LocationRegistry(database, bus, SIGNER)
        await registry.refresh()
        following = tasks.create_task(registry.follow_heartbeats())
        with structlog.testing.capture_logs() as logged:
            _, out, _ = await doctor("--enrolment", str(path), CONTROL_NAME="localhost", PORT25_HOSTS="none")
        following.cancel()
        assert (await locations.sightings(database)).agents == {}
    assert "heartbeat_refused" not in [line["event"] for line in logged]
    assert re.search(r"^fit +broker +accepts the login of location de$", out, re.MULTILINE), out
    found = re.search(r"^fit +clock +(\d+) ms (ahead of|behind) the broker's", out, re.MULTILINE)
    assert found, out
    assert int(found[1]) < CLOCK_TOLERANCE_MS


async def test_without_a_controller_nobody_answers_with_the_time(enrolment: Enrolment, bus: Bus) -> None:
    assert await broker_and_clock(enrolment) == [
        Row("broker", State.FIT, "accepts the login of location de"),
        Row("clock", State.SKIPPED, "no controller answers with the time"),
    ]


async def test_a_broker_that_is_not_there_is_unfit(enrolment: Enrolment) -> None:
    [row] = await broker_and_clock(structs.replace(enrolment, nats_url=f"nats://{ADDRESS}:{closed_port()}"))
    assert (row.what, row.state) == ("broker", State.UNFIT)
    assert "Connect call failed" in row.detail


async def test_a_broker_that_does_not_know_the_login_is_unfit(enrolment: Enrolment) -> None:
    stranger = enrolled(enrolment.nats_url, new_trust(), enrolment.sealing_key)
    [row] = await broker_and_clock(stranger)
    assert (row.what, row.state) == ("broker", State.UNFIT)
    assert "authorization violation" in row.detail.lower()


async def broker_and_clock(enrolment: Enrolment) -> list[Row]:
    """The rows about the broker and the clock."""
    credentials = parse(enrolment.nats_credentials.reveal())
    broker = Broker(enrolment.nats_url, credentials, location=enrolment.location)
    broker_login = BrokerLogin(broker, enrolment.country, enrolment.location)
    rows = await examine(Diagnostics(hosts=(), port25_hosts=(), control_name="localhost", broker_login=broker_login))
    return [row for row in rows if row.what in {"broker", "clock"}]


@pytest.mark.parametrize("arguments", [["no/host"], ["--unknown"], ["--enrolment", "/nowhere/file"]], ids=str)
async def test_wrong_usage_is_status_64(arguments: list[str]) -> None:
    status, out, err = await doctor(*arguments)
    assert (status, out) == (64, "")
    assert err
