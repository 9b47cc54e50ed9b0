"""Times each phase of a check: `with phases(Phase.EHLO): ...`. It also records which phase failed or hung."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from types import TracebackType

from agent.dialogue.milliseconds import to_ms
from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming


class Phases:
    """The phases of one check in the order in which they ended; phases do not nest.

    `failed` is the phase in which an exception was raised. A deadline reaches a hanging phase as CancelledError, so
    every BaseException counts. `clock` returns seconds.
    """

    __slots__ = ("_clock", "_current", "_entered", "_started", "failed", "timings")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._current: Phase | None = None
        self._entered = self._started
        self.timings: list[PhaseTiming] = []
        self.failed: Phase | None = None

    def __call__(self, phase: Phase) -> Phases:
        self._current = phase
        return self

    def __enter__(self) -> None:
        self._entered = self._clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ended = self._clock()
        phase = self._current or Phase.UNKNOWN
        self._current = None
        self.timings.append(
            PhaseTiming(
                phase=phase,
                start_ms=to_ms(self._entered - self._started),
                duration_ms=to_ms(ended - self._entered),
            )
        )
        if error is not None:
            self.failed = phase

    @property
    def total_ms(self) -> float:
        """Milliseconds since the check began."""
        return to_ms(self._clock() - self._started)
