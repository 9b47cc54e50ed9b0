"""What `mailprobe-controller watch` shows, with a real broker and a real database."""

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
from controller.watch.names import REREAD_SECONDS, Names
from shared.wire.messages import Event
from tests.integration.watch.watch_process import CUSTOMER, ORGANIZATION, SECONDS, Publisher, ended, lines, watching


async def test_it_shows_what_comes_under_names_and_not_what_was_before(
    publisher: Publisher, settings: dict[str, str]
) -> None:
    outbound = await publisher.monitor("Outbound SMTP")
    await publisher.publish(RESULT, await publisher.monitor("Of before"))
    async with watching(settings) as process:
        for event in (RESULT, VERDICT, INCIDENT):
            await publisher.publish(event, outbound)
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


async def test_a_monitor_made_meanwhile_gets_its_name(publisher: Publisher, settings: dict[str, str]) -> None:
    first = await publisher.monitor("First")
    async with watching(settings) as process:
        await publisher.publish(RESULT, first)
        await lines(process, 1)
        # The names were read less than REREAD_SECONDS ago, so at first it is shown by its id.
        new = await publisher.monitor("New")
        async with asyncio.timeout(REREAD_SECONDS + SECONDS):
            while True:
                await publisher.publish(RESULT, new)
                (line,) = await lines(process, 1)
                if "  New  " in line:
                    break
                assert f"  {str(new)[:7]}" in line
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param(["--monitor", "inbound"], ["Inbound"], id="a monitor by its name in any case"),
        pytest.param(["--customer", str(CUSTOMER)], ["Inbound", "Outbound"], id="a customer by its id"),
        pytest.param(["--organization", "Owners", "--country", "de"], ["Inbound", "Outbound"], id="a country"),
        pytest.param(
            ["--location", "DE-NBG", "--status", "failure"], ["Inbound", "Outbound"], id="location and status"
        ),
        pytest.param(["--kind", "smtp", "--kind", "imap", "--monitor", "Outbound"], ["Outbound"], id="two kinds"),
    ],
)
async def test_filters(publisher: Publisher, settings: dict[str, str], arguments: list[str], names: list[str]) -> None:
    inbound, outbound = await publisher.monitor("Inbound"), await publisher.monitor("Outbound")
    async with watching(settings, *arguments) as process:
        await publisher.publish(RESULT, inbound)
        await publisher.publish(RESULT, outbound)
        await publisher.publish(RESULT, inbound)
        await publisher.publish(RESULT, outbound)
        shown = await lines(process, 2 * len(names))
    assert [line.split("  ")[1].strip() for line in shown] == names * 2


async def test_verdicts_and_incidents_alone(publisher: Publisher, settings: dict[str, str]) -> None:
    monitor = await publisher.monitor("M")
    async with watching(settings, "--events") as process:
        for event in (RESULT, VERDICT, RESULT, INCIDENT):
            await publisher.publish(event, monitor)
        shown = await lines(process, 2)
    assert ["verdict" in shown[0], "incident" in shown[1]] == [True, True]


async def test_json_lines_are_the_events_of_the_stream(publisher: Publisher, settings: dict[str, str]) -> None:
    monitor = await publisher.monitor("M")
    async with watching(settings, "--json") as process:
        sent = [await publisher.publish(event, monitor) for event in (RESULT, VERDICT, INCIDENT)]
        shown = await lines(process, 3)
    assert [msgspec.json.decode(line, type=type(event)) for line, event in zip(shown, sent, strict=True)] == sent
    assert isinstance(sent[0], Event)


async def test_colours_are_for_a_terminal_and_can_be_switched_off(
    publisher: Publisher, settings: dict[str, str]
) -> None:
    monitor = await publisher.monitor("M")
    for environment, coloured in ((settings, True), (settings | {"NO_COLOR": "1"}, False)):
        leader, follower = pty.openpty()
        async with watching(environment, stdout=follower) as process:
            os.close(follower)
            await publisher.publish(RESULT, monitor)
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
        pytest.param(
            ["--events", "--status", "failure"], "--events leaves results out", id="filters that exclude everything"
        ),
    ],
)
async def test_what_does_not_exist_is_named_at_once(
    publisher: Publisher, settings: dict[str, str], arguments: list[str], complaint: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller", "watch", *arguments, env=settings, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(SECONDS):
        shown, errors = await process.communicate()
    assert (process.returncode, shown) == (1, b"")
    assert errors.decode().splitlines()[-1].startswith(f"mailprobe-controller: {complaint}")


async def test_names_are_read_again_for_unknown_monitors_but_not_for_each(publisher: Publisher) -> None:
    now = 100.0
    names = Names(publisher.database, monotonic=lambda: now)
    await names.refresh()
    monitor = await publisher.monitor("New")
    assert await names.name(monitor) == str(monitor)
    now += REREAD_SECONDS
    assert await names.name(monitor) == "New"
    assert await names.name(ORGANIZATION) == str(ORGANIZATION)
