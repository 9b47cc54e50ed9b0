"""Heartbeats that are not what agents send: whoever has a location's file can send anything there."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import structlog

from controller.store.locations.locations import MOST_AGENTS
from shared.clock import utc_now
from shared.wire import subjects
from shared.wire.messages import Heartbeat
from tests.integration.pipeline.test_clocks import watched
from tests.integration.pipeline.world import World

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
        pytest.param({"capacity": 10**12}, "Expected `int` <= 1000000 - at `$.capacity`", id="more than any machine"),
        pytest.param({"running": -1}, "Expected `int` >= 0 - at `$.running`", id="less than nothing"),
        pytest.param({"version": "9" * 1024}, "Expected `str` of length <= 128 - at `$.version`", id="a long version"),
        pytest.param({"kinds": ["smtp"] * 99}, "Expected `array` of length <= 32 - at `$.kinds`", id="many kinds"),
        pytest.param({"version": "1\nus\tUS"}, _UNPRINTABLE, id="a line of its own in a list"),
        pytest.param({"version": "\0"}, _UNPRINTABLE, id="a NUL"),
        pytest.param({"loopLagMs": 1e300}, "cannot be stored: DataError", id="a number that does not fit its column"),
        pytest.param({"startedAt": "0001-01-01T00:00:00+14:00"}, "cannot be stored: DataError", id="before all time"),
        pytest.param({"location": "x" * 9999}, None, id="a long name"),
    ],
)
async def test_what_cannot_be_a_heartbeat_is_told_once_in_a_short_line(
    world: World, fields: dict[str, Any], why: str | None
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with watched(world):
            for _ in range(3):
                await world.bus.send(subjects.agent("DE", "de", "liar"), spoilt(**fields))
            await world.heartbeat("DE", "honest")
            await world.heartbeats_taken()
    [line] = [line for line in logged if line["event"].startswith("heartbeat_")]
    assert line["event"] == "heartbeat_refused"
    assert why is None or line["reason"] == why
    assert len(str(line)) < 1000
    assert await world.rows("SELECT name FROM agent") == [("honest",)]


async def test_of_many_invented_agents_those_that_are_silent_longest_are_forgotten(world: World) -> None:
    async with watched(world):
        for number in range(MOST_AGENTS):
            await world.heartbeat("DE", f"invented-{number}")
        await world.heartbeat("US", "abroad")
        await world.heartbeat("DE", "invented-0")
        await world.heartbeat("DE", "honest")
        await world.heartbeats_taken()
    kept = {name for (name,) in await world.rows("SELECT name FROM agent")}
    assert {"honest", "abroad", "invented-0", "invented-2"} <= kept
    assert len(kept) == MOST_AGENTS + 1
    assert "invented-1" not in kept
