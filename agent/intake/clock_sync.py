"""The broker's time as controllers tell it in their answers to heartbeats, and nobody else.

Whoever has the broker could else turn an agent's clock back, and have it run requests that were over long ago.
"""

from __future__ import annotations

import msgspec
import structlog

from shared.clock import BrokerClock
from shared.wire.messages import CLOCK_TOLERANCE_MS, ClockReading
from shared.wire.signing import UnknownKeyError, Verifier, WrongSignatureError

log = structlog.get_logger()

_decoder = msgspec.json.Decoder(ClockReading)


class Timekeeper:
    """Sets `clock` by the answers whose signatures `verifier` believes."""

    def __init__(self, clock: BrokerClock, verifier: Verifier) -> None:
        self._clock = clock
        self._verifier = verifier
        self._told: set[str] = set()
        self._off = False

    def heard(self, answer: bytes, subject: str, heartbeat: bytes, asked_at: float) -> None:
        """This is the answer to the heartbeat with this body, sent on this subject at `asked_at` (monotonic)."""
        try:
            reading = _decoder.decode(answer)
            if not reading.signature:
                self._refuse("unsigned")  # a controller of an earlier version, or one whose own clock is another
                return
            self._verifier.verify_reading(reading.now, subject, heartbeat, reading.signature)
            self._clock.heard(reading.now, asked_at)
        except UnknownKeyError:
            self._refuse("unknown_key")
        except WrongSignatureError:
            self._refuse("wrong_signature")
        except (ValueError, RecursionError):
            self._refuse("unreadable")
        else:
            self._look()

    def _refuse(self, why: str) -> None:
        """Told once: every heartbeat would bring the same."""
        if why not in self._told:
            self._told.add(why)
            log.warning("clock_reading_refused", reason=why)

    def _look(self) -> None:
        offset_ms = self._clock.offset_ms or 0.0
        off = abs(offset_ms) > CLOCK_TOLERANCE_MS
        if off != self._off:
            self._off = off
            log.warning("clock_off" if off else "clock_right_again", offset_ms=round(offset_ms))
