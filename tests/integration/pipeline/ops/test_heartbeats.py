"""Heartbeats that agents do not send: anybody with a location's enrolment file can send anything there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
import structlog

from controller.store.locations.locations import MOST_AGENTS
from shared.clock import utc_now
from shared.wire import subjects
from shared.wire.messages import Heartbeat
from tests.integration.pipeline.ops.working import following_registry
from tests.integration.pipeline.small_installation import SmallInstallation

_UNSTORABLE = "PostgreSQL cannot hold one of its values"
_UNPRINTABLE = "Expected `str` matching regex '\\\\A[ -~]*\\\\Z' - at `$.version`"


def spoilt(**fields: Any) -> bytes:
    now = utc_now()
    good = Heartbeat(
        agent="liar", location="de", country="DE", kinds=["smtp"], version="0", started_at=now, sent_at=now
    )
    return json.dumps(msgspec.to_builtins(good) | fields).encode()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param(
            {"capacity": 10**12}, "Expected `int` <= 1000000 - at `$.capacity`", id="more capacity than any machine has"
        ),
        pytest.param({"running": -1}, "Expected `int` >= 0 - at `$.running`", id="a negative number of running checks"),
        pytest.param({"version": "9" * 1024}, "Expected `str` of length <= 128 - at `$.version`", id="a long version"),
        pytest.param({"kinds": ["smtp"] * 99}, "Expected `array` of length <= 32 - at `$.kinds`", id="many kinds"),
        pytest.param({"version": "1\nus\tUS"}, _UNPRINTABLE, id="a version that would add a line to a list"),
        pytest.param({"version": "\0"}, _UNPRINTABLE, id="a NUL"),
        pytest.param({"loopLagMs": 1e300}, _UNSTORABLE, id="a number that does not fit its column"),
        pytest.param(
            {"startedAt": "0001-01-01T00:00:00+14:00"},
            _UNSTORABLE,
            id="a time before any that can be stored",
        ),
        pytest.param({"location": "x" * 9999}, None, id="a long name"),
    ],
)
async def test_what_cannot_be_a_heartbeat_is_logged_once_in_a_short_line(
    small_installation: SmallInstallation, fields: dict[str, Any], why: str | None
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with following_registry(small_installation):
            for _ in range(3):
                await small_installation.bus.send(subjects.agent("DE", "de", "liar"), spoilt(**fields))
            await small_installation.heartbeat("DE", "honest")
            await small_installation.heartbeats_taken()
    [line] = [line for line in logged if line["event"].startswith("heartbeat_")]
    assert line["event"] == "heartbeat_refused"
    assert why is None or line["reason"] == why
    assert len(str(line)) < 1000
    assert await small_installation.rows("SELECT name FROM agent") == [("honest",)]


async def test_of_many_invented_agents_those_that_are_silent_longest_are_forgotten(
    small_installation: SmallInstallation,
) -> None:
    async with following_registry(small_installation):
        await small_installation.heartbeat("DE", "invented-0")
        await small_installation.heartbeat("DE", "invented-1")
        await small_installation.heartbeats_taken()
        await asyncio.sleep(0.002)  # moments are stored in whole milliseconds
        for number in range(2, MOST_AGENTS):
            await small_installation.heartbeat("DE", f"invented-{number}")
        await small_installation.heartbeat("US", "abroad")
        await small_installation.heartbeat("DE", "invented-0")
        await small_installation.heartbeat("DE", "honest")
        await small_installation.heartbeats_taken()
    kept = {name for (name,) in await small_installation.rows("SELECT name FROM agent")}
    assert {"honest", "abroad", "invented-0", "invented-2"} <= kept
    assert len(kept) == MOST_AGENTS + 1
    assert "invented-1" not in kept
