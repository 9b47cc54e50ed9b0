"""When results go together. The clock is the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest

from agent.intake.gathering import QUIET_SECONDS, Gathered, Gathering
from shared.wire.batches import MOST_BYTES, MOST_RESULTS
from tests.unit.agent.fake_loop import FakeLoop


class GatheringCase:
    """Results are numbers; `sent` are the groups, each with the moment at which it was sent."""

    def __init__(self, futures: asyncio.AbstractEventLoop) -> None:
        self.loop = FakeLoop()
        self.sent: list[tuple[float, list[int]]] = []
        self._futures = futures
        self._gathering = Gathering(self._send, self.loop)
        self._began = self.loop.now

    def _send(self, group: Sequence[Gathered]) -> None:
        self.sent.append((round(self.loop.now - self._began, 6), [one.check_id.int for one in group]))

    def add(self, *numbers: int, at_once: bool = False, size: int = 100) -> None:
        for number in numbers:
            result = Gathered(UUID(int=number), bytes(size), self._futures.create_future())
            self._gathering.add(result, at_once=at_once)


@pytest.fixture
def case() -> Iterator[GatheringCase]:
    loop = asyncio.new_event_loop()
    yield GatheringCase(loop)
    loop.close()


def test_the_first_after_a_pause_goes_at_once_and_what_follows_goes_together(case: GatheringCase) -> None:
    case.add(1)
    case.loop.pass_time(0.01)
    case.add(2, 3)
    case.loop.pass_time(0.02)
    case.add(4)
    case.loop.pass_time(1.0)
    case.add(5)
    assert case.sent == [(0.0, [1]), (QUIET_SECONDS, [2, 3, 4]), (1.03, [5])]


def test_no_pause_ends_while_results_keep_coming(case: GatheringCase) -> None:
    for number in range(1, 16):
        case.add(number)
        case.loop.pass_time(0.01)
    case.loop.pass_time(1.0)
    moments = [moment for moment, _ in case.sent]
    assert moments == [0.0, 0.05, 0.1, 0.15]
    assert [number for _, group in case.sent for number in group] == [*range(1, 16)]


def test_what_goes_at_once_takes_along_what_waits(case: GatheringCase) -> None:
    case.add(1, 2, 3)
    case.loop.pass_time(0.01)
    case.add(4, at_once=True)
    case.loop.pass_time(0.03)
    case.add(5)
    case.loop.pass_time(1.0)
    assert case.sent == [(0.0, [1]), (0.01, [2, 3, 4]), (0.06, [5])]


def test_a_full_group_goes_at_once(case: GatheringCase) -> None:
    case.add(0, *range(1, MOST_RESULTS + 2))
    assert case.sent == [(0.0, [0]), (0.0, [*range(1, MOST_RESULTS + 1)])]
    case.loop.pass_time(1.0)
    assert case.sent[2] == (QUIET_SECONDS, [MOST_RESULTS + 1])


def test_a_group_is_never_larger_than_a_message_but_for_a_single_result(case: GatheringCase) -> None:
    half = MOST_BYTES // 2
    case.add(1)
    case.add(2, 3, 4, size=half)
    case.add(5, size=2 * MOST_BYTES)
    case.add(6)
    case.loop.pass_time(1.0)
    assert [group for _, group in case.sent] == [[1], [2, 3], [4], [5], [6]]
