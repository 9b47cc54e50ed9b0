"""`mailprobe-controller watch` as a process, on a real broker and a real database."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.api.asyncapi.examples import INCIDENT, RESULT, VERDICT
from controller.store.pool import Database
from controller.trust.claims import controller_credentials
from controller.trust.keys import Trust
from controller.trust.server_config import server_config
from controller.watch.choice import AnyEvent
from controller.watch.names import AGAIN_SECONDS, Names
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared import subjects
from shared.broker import Broker
from shared.bus import Bus, Message
from shared.clock import utc_now
from shared.messages import Event
from shared.streams import ensure_streams
from shared.trouble import BusError

SECONDS = 15.0
ORGANIZATION, CUSTOMER = UUID(int=1), UUID(int=2)


class Office:
    """One organization with one customer, and what is told of its monitors."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database = database
        self._bus = bus

    async def monitor(self, name: str) -> UUID:
        async with self.database.connection() as connection:
            public_id: UUID = await connection.fetchval(
                "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
                " timeout_seconds, config) SELECT organization_id, id, 'smtp', $1, 'smtp.example.com', 'active', 60, 5,"
                " '{}' FROM customer RETURNING public_id",
                name,
            )
        return public_id

    async def tell(self, event: AnyEvent, monitor: UUID) -> AnyEvent:
        """Publish an event like this one, of that monitor; it is new each time."""
        told = msgspec.structs.replace(
            event, event_id=uuid4(), organization_id=ORGANIZATION, customer_id=CUSTOMER, monitor_id=monitor
        )
        where = subjects.event(ORGANIZATION, CUSTOMER, monitor, told.type)
        await self._bus.publish(Message(where, msgspec.json.encode(told), str(told.event_id)))
        return told


@pytest.fixture
async def office(database_url: str, bus: Bus) -> AsyncIterator[Office]:
    async with Database.open(database_url) as database:
        async with database.connection() as connection:
            await connection.execute("INSERT INTO organization (public_id, name) VALUES ($1, 'Owners')", ORGANIZATION)
            await connection.execute(
                "INSERT INTO customer (public_id, organization_id, name) SELECT $1, id, 'Customer' FROM organization",
                CUSTOMER,
            )
            await connection.execute(
                "INSERT INTO location (code, name, country_code, public_key) VALUES ('de-nbg', 'N', 'DE', 'k')"
            )
        yield Office(database, bus)


@pytest.fixture
def settings(database_url: str, nats_url: str, trust_file: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    return plain | {
        "MAILPROBE_DATABASE_URL": database_url,
        "MAILPROBE_NATS_URL": nats_url,
        "MAILPROBE_TRUST_FILE": str(trust_file),
        "MAILPROBE_LOG_FORMAT": "json",
        "PYTHONUTF8": "1",
    }


@asynccontextmanager
async def watching(settings: dict[str, str], *arguments: str, stdout: int = PIPE) -> AsyncIterator[Process]:
    """The command, once it follows the stream; what is told from now on it must show."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller", "watch", *arguments, env=settings, stdout=stdout, stderr=PIPE
    )
    try:
        await logged(process, "watching")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def logged(process: Process, event: str) -> dict[str, Any]:
    """The next log line of that event."""
    assert process.stderr
    async with asyncio.timeout(SECONDS):
        while line := await process.stderr.readline():
            found: dict[str, Any] = json.loads(line)
            if found["event"] == event:
                return found
    raise AssertionError(f"ended without {event}")


async def lines(process: Process, count: int) -> list[str]:
    assert process.stdout
    async with asyncio.timeout(SECONDS):
        return [(await process.stdout.readline()).decode().rstrip("\n") for _ in range(count)]


async def ended(process: Process) -> int:
    async with asyncio.timeout(SECONDS):
        return await process.wait()


async def test_it_shows_what_comes_under_names_and_not_what_was_before(
    office: Office, settings: dict[str, str]
) -> None:
    outbound = await office.monitor("Outbound SMTP")
    await office.tell(RESULT, await office.monitor("Of before"))
    async with watching(settings) as process:
        for event in (RESULT, VERDICT, INCIDENT):
            await office.tell(event, outbound)
        shown = await lines(process, 3)
    assert [line.split("  ")[:2] for line in shown] == [
        ["14:05:00Z", "Outbound SMTP"],
        ["14:05:10Z", "Outbound SMTP"],
        ["14:05:10Z", "Outbound SMTP"],
    ]
    assert "de-nbg  smtp  failure     181 ms  login unavailable in auth" in shown[0]
    assert "verdict, was up" in shown[1]
    assert "incident opened" in shown[2]
    assert "\033" not in "".join(shown), "colours are for terminals"


async def test_a_monitor_made_meanwhile_gets_its_name(office: Office, settings: dict[str, str]) -> None:
    first = await office.monitor("First")
    async with watching(settings) as process:
        await office.tell(RESULT, first)
        await lines(process, 1)
        # The names were read less than AGAIN_SECONDS ago, so at first it is shown by its id.
        new = await office.monitor("New")
        async with asyncio.timeout(AGAIN_SECONDS + SECONDS):
            while True:
                await office.tell(RESULT, new)
                (line,) = await lines(process, 1)
                if "  New  " in line:
                    break
                assert f"  {str(new)[:7]}" in line
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        pytest.param(["--monitor", "inbound"], ["Inbound"], id="a monitor by its name, in whatever case"),
        pytest.param(["--customer", str(CUSTOMER)], ["Inbound", "Outbound"], id="a customer by its id"),
        pytest.param(["--organization", "Owners", "--country", "de"], ["Inbound", "Outbound"], id="a country"),
        pytest.param(["--location", "DE-NBG", "--status", "failure"], ["Inbound", "Outbound"], id="place and status"),
        pytest.param(["--kind", "smtp", "--kind", "imap", "--monitor", "Outbound"], ["Outbound"], id="two kinds"),
    ],
)
async def test_filters(office: Office, settings: dict[str, str], arguments: list[str], wanted: list[str]) -> None:
    inbound, outbound = await office.monitor("Inbound"), await office.monitor("Outbound")
    async with watching(settings, *arguments) as process:
        await office.tell(RESULT, inbound)
        await office.tell(RESULT, outbound)
        await office.tell(RESULT, inbound)
        await office.tell(RESULT, outbound)
        shown = await lines(process, 2 * len(wanted))
    assert [line.split("  ")[1].strip() for line in shown] == wanted * 2


async def test_verdicts_and_incidents_alone(office: Office, settings: dict[str, str]) -> None:
    monitor = await office.monitor("M")
    async with watching(settings, "--events") as process:
        for event in (RESULT, VERDICT, RESULT, INCIDENT):
            await office.tell(event, monitor)
        shown = await lines(process, 2)
    assert ["verdict" in shown[0], "incident" in shown[1]] == [True, True]


async def test_json_lines_are_the_events_of_the_stream(office: Office, settings: dict[str, str]) -> None:
    monitor = await office.monitor("M")
    async with watching(settings, "--json") as process:
        told = [await office.tell(event, monitor) for event in (RESULT, VERDICT, INCIDENT)]
        shown = await lines(process, 3)
    assert [msgspec.json.decode(line, type=type(event)) for line, event in zip(shown, told, strict=True)] == told
    assert isinstance(told[0], Event)


async def test_interrupting_it_is_a_clean_end(office: Office, settings: dict[str, str]) -> None:
    async with watching(settings) as process:
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 130
        assert process.stderr
        assert b"Traceback" not in await process.stderr.read()


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["lines", "json"])
async def test_a_reader_that_goes_ends_it_quietly_even_when_nothing_comes(
    office: Office, settings: dict[str, str], arguments: Sequence[str]
) -> None:
    monitor = await office.monitor("M")
    read, write = os.pipe()
    async with watching(settings, *arguments, stdout=write) as process:
        os.close(write)
        await office.tell(RESULT, monitor)
        assert await asyncio.to_thread(os.read, read, 10)
        os.close(read)
        assert await ended(process) == 0
        assert process.stderr
        assert await process.stderr.read() == b""


async def test_colours_are_for_a_terminal_and_not_for_who_wants_none(office: Office, settings: dict[str, str]) -> None:
    monitor = await office.monitor("M")
    for environment, coloured in ((settings, True), (settings | {"NO_COLOR": "1"}, False)):
        leader, follower = pty.openpty()
        async with watching(environment, stdout=follower) as process:
            os.close(follower)
            await office.tell(RESULT, monitor)
            shown = (await asyncio.to_thread(os.read, leader, 4096)).decode()
            assert bool(re.search(r"\033\[31m", shown)) is coloured
            process.send_signal(signal.SIGINT)
            assert await ended(process) == 130
        os.close(leader)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["--monitor", "Nobody"], "there is no monitor 'Nobody'", id="a monitor"),
        pytest.param(["--customer", str(UUID(int=9))], f"there is no customer '{UUID(int=9)}'", id="a customer"),
        pytest.param(["--organization", "x"], "there is no organization 'x'", id="an organization"),
        pytest.param(["--location", "xx"], "there is no location 'xx'", id="a location"),
        pytest.param(["--country", "xx"], "--country must hold ISO 3166-1", id="a country"),
        pytest.param(["--events", "--status", "failure"], "--events leaves results out", id="nothing could be shown"),
    ],
)
async def test_what_is_not_there_is_said_at_once(
    office: Office, settings: dict[str, str], arguments: list[str], complaint: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller", "watch", *arguments, env=settings, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(SECONDS):
        shown, said = await process.communicate()
    assert (process.returncode, shown) == (1, b"")
    assert said.decode().splitlines()[-1].startswith(f"mailprobe-controller: {complaint}")


async def test_without_the_database_it_goes_on_with_ids(office: Office, settings: dict[str, str]) -> None:
    monitor = uuid4()
    away = settings | {"MAILPROBE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    async with watching(away) as process:
        await office.tell(RESULT, monitor)
        (line,) = await lines(process, 1)
    assert f"  {str(monitor)[:31]}…  de-nbg" in line


async def test_names_are_read_again_for_unknown_monitors_but_not_for_each(office: Office) -> None:
    now = 100.0
    names = Names(office.database, monotonic=lambda: now)
    await names.refresh()
    monitor = await office.monitor("New")
    assert await names.name(monitor) == str(monitor)
    now += AGAIN_SECONDS
    assert await names.name(monitor) == "New"
    assert await names.name(ORGANIZATION) == str(ORGANIZATION)


async def test_a_broker_that_is_killed_costs_no_event_and_repeats_none(
    office: Office, settings: dict[str, str], installation: Trust, server_folder: Path
) -> None:
    monitor = await office.monitor("M")
    folder = server_folder / "killed"
    server = nats.prepare(folder, server_config(installation, utc_now()))
    broker = Broker(server.url, controller_credentials(installation, utc_now()))
    async with supervising(pause_seconds=0.2) as supervisor:
        await supervisor.start(server.part(server_folder / "killed.log"))
        async with Bus.open(broker, name="test") as bus:
            await bus.wait_connected()
            await ensure_streams(bus)
            office = Office(office.database, bus)
            async with watching(settings | {"MAILPROBE_NATS_URL": server.url}, "--json") as process:
                told = [await office.tell(RESULT, monitor) for _ in range(3)]
                shown = await lines(process, 3)
                os.kill(supervisor.pids["nats"], signal.SIGKILL)
                await logged(process, "watch_interrupted")
                told += [await patiently(office, monitor) for _ in range(50)]
                shown += await lines(process, 50)
    assert [msgspec.json.decode(line, type=Event) for line in shown] == told


async def patiently(office: Office, monitor: UUID) -> AnyEvent:
    """Tell a new event, as soon as the broker takes it."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await office.tell(RESULT, monitor)
            except BusError:
                await asyncio.sleep(0.05)
