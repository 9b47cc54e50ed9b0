"""What `mailprobe-controller watch` shows, on a real broker and a real database."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import sys
from asyncio.subprocess import PIPE
from uuid import UUID

import msgspec
import pytest

from controller.api.asyncapi.examples import INCIDENT, RESULT, VERDICT
from controller.watch.names import AGAIN_SECONDS, Names
from shared.wire.messages import Event
from tests.integration.watch.following import CUSTOMER, ORGANIZATION, SECONDS, Office, ended, lines, watching


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


async def test_names_are_read_again_for_unknown_monitors_but_not_for_each(office: Office) -> None:
    now = 100.0
    names = Names(office.database, monotonic=lambda: now)
    await names.refresh()
    monitor = await office.monitor("New")
    assert await names.name(monitor) == str(monitor)
    now += AGAIN_SECONDS
    assert await names.name(monitor) == "New"
    assert await names.name(ORGANIZATION) == str(ORGANIZATION)
