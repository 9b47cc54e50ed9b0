"""Reads the broker's time from the controllers' signed answers to heartbeats, and from nothing else. These answers also
say what the controllers read.

Otherwise somebody who controls the broker could set an agent's clock back and make it run requests of long ago.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import msgspec
import structlog

from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import CLOCK_TOLERANCE_MS, READY_SECONDS, ClockReading
from shared.wire.signing import UnknownKeyError, Verifier, WrongSignatureError

log = structlog.get_logger()

_decoder = msgspec.json.Decoder(ClockReading)


class ClockSync:
    """Sets `clock` by the answers whose signatures `verifier` accepts."""

    def __init__(self, clock: BrokerClock, verifier: Verifier, *, monotonic: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._reads: frozenset[str] = frozenset()
        self._answered_at = float("-inf")
        self._verifier = verifier
        self._logged: set[str] = set()
        self._off = False

    def observe(self, answer: bytes, subject: str, heartbeat: bytes, sent_at: float) -> None:
        """Read the answer to the heartbeat with this body, which was sent on `subject` at `sent_at` (monotonic)."""
        self._reads = frozenset()
        try:
            reading = _decoder.decode(answer)
            if not reading.signature:
                self._refuse("unsigned")  # an older controller, or one whose clock differs from the broker's
                return
            self._verifier.verify_reading(reading.now, subject, heartbeat, reading.signature)
            self._clock.observe(reading.now, sent_at)
            self._reads, self._answered_at = frozenset(reading.reads), self._monotonic()
        except UnknownKeyError:
            self._refuse("unknown_key")
        except WrongSignatureError:
            self._refuse("wrong_signature")
        except (ValueError, RecursionError):
            self._refuse("unreadable")
        else:
            self._compare()

    def is_read(self, form: str) -> bool:
        """Whether the controller that answered the latest heartbeat announced that it reads this, a moment ago. While
        controllers of two versions run, each answer may be of the other one.
        """
        return form in self._reads and self._monotonic() - self._answered_at <= READY_SECONDS

    def _refuse(self, why: str) -> None:
        """Log each reason once: every heartbeat would bring the same one."""
        if why not in self._logged:
            self._logged.add(why)
            log.warning("clock_reading_refused", reason=why)

    def _compare(self) -> None:
        offset_ms = self._clock.offset_ms or 0.0
        off = abs(offset_ms) > CLOCK_TOLERANCE_MS
        if off != self._off:
            self._off = off
            log.warning("clock_off" if off else "clock_correct_again", offset_ms=round(offset_ms))
