"""An event loop's clock and timers that pass only when a test says so."""

from __future__ import annotations

from collections.abc import Callable


class FakeTimer:
    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due, self.call, self.cancelled = due, call, False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[FakeTimer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(self.now + delay, callback))
        return self.timers[-1]

    def pass_time(self, seconds: float) -> None:
        """Call what becomes due meanwhile, at its moment."""
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer.due <= until and not timer.cancelled]:
            timer = min(due, key=lambda timer: timer.due)
            self.timers.remove(timer)
            self.now = timer.due
            timer.call()
        self.now = until
