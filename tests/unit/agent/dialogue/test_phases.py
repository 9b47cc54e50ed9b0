"""The phase timer: what it measures, and in which phase a failure occurred."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from agent.dialogue.phases import Phases
from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming


def ticking(*moments: float) -> Callable[[], float]:
    clock: Iterator[float] = iter(moments)
    return lambda: next(clock)


def test_phases_are_timed_from_the_start_of_the_check() -> None:
    phases = Phases(ticking(10.0, 10.001, 10.0025, 10.003, 10.0104567, 10.02))
    with phases(Phase.RESOLVE):
        pass
    with phases(Phase.CONNECT):
        pass
    assert phases.timings == [
        PhaseTiming(phase=Phase.RESOLVE, start_ms=1.0, duration_ms=1.5),
        PhaseTiming(phase=Phase.CONNECT, start_ms=3.0, duration_ms=7.457),
    ]
    assert phases.total_ms == 20.0
    assert phases.failed is None


def test_a_phase_may_occur_twice() -> None:
    phases = Phases()
    for _ in range(2):
        with phases(Phase.EHLO):
            pass
    assert [timing.phase for timing in phases.timings] == [Phase.EHLO, Phase.EHLO]


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError, KeyboardInterrupt])
def test_the_phase_an_exception_leaves_through_failed_and_is_timed(error: type[BaseException]) -> None:
    phases = Phases()
    with phases(Phase.CONNECT):
        pass
    with pytest.raises(error), phases(Phase.GREETING):
        raise error
    assert phases.failed is Phase.GREETING
    assert [timing.phase for timing in phases.timings] == [Phase.CONNECT, Phase.GREETING]


def test_an_error_between_phases_blames_none() -> None:
    phases = Phases()
    with phases(Phase.CONNECT):
        pass
    assert phases.failed is None
