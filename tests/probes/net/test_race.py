"""Happy eyeballs: which address is tried when, which wins, and that the connections of the losers are closed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from agent.dialogue.transcript import Transcript
from agent.net.race import first_to_connect, interleaved
from agent.net.stream import LineStream
from tests.fakes.certificates import ADDRESS
from tests.fakes.scripted_server import Hang, playing


@pytest.mark.parametrize(
    ("addresses", "order"),
    [
        pytest.param(["::1"], ["::1"], id="one alone"),
        pytest.param(
            ["::1", "::2", "::3", "1.1.1.1"], ["::1", "1.1.1.1", "::2", "::3"], id="the other family comes second"
        ),
        pytest.param(["1.1.1.1", "2.2.2.2", "::1"], ["1.1.1.1", "::1", "2.2.2.2"], id="the best family begins"),
        pytest.param(["1.1.1.1", "2.2.2.2"], ["1.1.1.1", "2.2.2.2"], id="one family keeps its order"),
    ],
)
def test_families_alternate(addresses: list[str], order: list[str]) -> None:
    assert interleaved(addresses) == order


class FakeAddresses:
    """Addresses that answer after some seconds, fail after some (negative), or never (None); real connections."""

    def __init__(self, port: int, **seconds: float | None) -> None:
        self._port = port
        self._seconds = seconds
        self.tried: list[str] = []
        self.connected: dict[str, LineStream] = {}

    async def connect(self, name: str) -> LineStream:
        self.tried.append(name)
        seconds = self._seconds[name]
        if seconds is None:
            await asyncio.Event().wait()
            raise AssertionError
        await asyncio.sleep(abs(seconds))
        if seconds < 0:
            raise ConnectionRefusedError(name)
        self.connected[name] = await LineStream.connect(ADDRESS, self._port, Transcript())
        return self.connected[name]


@pytest.mark.parametrize(
    ("seconds", "head_start", "winner", "tried"),
    [
        pytest.param({"a": 0.001, "b": 0.001}, 30, "a", "a", id="the first answers in its head start"),
        pytest.param({"a": None, "b": 0.001}, 0.03, "b", "ab", id="the first keeps silent"),
        pytest.param({"a": 1.7, "b": None, "c": None}, 1.5, "a", "ab", id="the first answers late, but first"),
        pytest.param({"a": None, "b": None, "c": 0.0}, 0.03, "c", "abc", id="only the last answers"),
        pytest.param({"a": -0.001, "b": 0.0}, 0.03, "b", "ab", id="the first fails"),
        pytest.param({"a": None, "b": -0.001, "c": 0.0}, 0.03, "c", "abc", id="one keeps silent, another fails"),
    ],
)
async def test_the_first_to_answer_wins(
    seconds: dict[str, float | None], head_start: float, winner: str, tried: str
) -> None:
    async with playing((Hang(),)) as server:
        track = FakeAddresses(server.port, **seconds)
        stream = await first_to_connect(list(seconds), track.connect, head_start=head_start)
        assert stream is track.connected[winner]
        assert "".join(track.tried) == tried
        stream.close()
        await server.all_closed()


async def test_who_fails_makes_way_at_once() -> None:
    async with playing((Hang(),)) as server:
        track = FakeAddresses(server.port, a=-0.001, b=0.0)
        async with asyncio.timeout(10):
            stream = await first_to_connect(["a", "b"], track.connect, head_start=30)
        stream.close()


async def test_when_all_fail_the_failure_is_reported() -> None:
    track = FakeAddresses(0, a=-0.001, b=-0.02, c=-0.001)
    with pytest.raises(ConnectionRefusedError):
        await first_to_connect(["a", "b", "c"], track.connect, head_start=0.01)
    assert track.tried == ["a", "b", "c"]


async def test_of_two_that_answer_at_once_one_is_closed() -> None:
    async with playing((Hang(),)) as server:
        gate = asyncio.Event()

        async def connect(_name: str) -> LineStream:
            stream = await LineStream.connect(ADDRESS, server.port, Transcript())
            await gate.wait()
            return stream

        race = asyncio.create_task(first_to_connect(["a", "b"], connect, head_start=0.0))
        async with asyncio.timeout(10):
            while server.connections < 2:
                await asyncio.sleep(0.005)
        gate.set()
        (await race).close()
        await server.all_closed()


async def test_a_race_that_is_cancelled_leaves_no_connection() -> None:
    async with playing((Hang(),)) as server:
        for order in range(12):
            track = FakeAddresses(server.port, a=None, b=0.0, c=0.0)
            race = asyncio.create_task(first_to_connect(["a", "b", "c"], track.connect, head_start=0.0))
            for _ in range(order):
                await asyncio.sleep(0)
            race.cancel()
            with suppress(asyncio.CancelledError):
                (await race).close()
        await server.all_closed()
