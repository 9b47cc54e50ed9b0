"""Which dialogues send the last commands of a check in one packet (RFC 2920, RFC 2449 section 6.6, RFC 9051 section
5.5), and how long the answers are awaited.

That saves a round trip, but some servers that offer PIPELINING lose what comes together with a command. So a check that
does not pass after several commands at once is repeated with one at a time, within the same deadline.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

LEAST_SECONDS = 1.0
"""A repeat with less time than this would say nothing about the server."""

_LONGEST_WAIT_SECONDS = 5.0


def seconds_to_wait(used: float, left: float) -> float | None:
    """How long the answers to several commands at once are awaited in a check that took `used` seconds until now and
    has `left`. None: send one at a time, because a repeat could not come as far again in what would be left then.
    """
    wait = min(_LONGEST_WAIT_SECONDS, left / 3)
    return wait if left - wait >= used + LEAST_SECONDS else None


def is_quick_enough(seconds: float, timeout_seconds: float) -> bool:
    """Whether a check that took so long would have had its last answers in time also after several commands at once."""
    return seconds <= min(_LONGEST_WAIT_SECONDS, timeout_seconds / 3)


class Pipelining:
    """A dialogue (by `agent.dialogue.keys.key_of_dialogue`) gets several commands at once after a check that passed
    with one at a time; for a day it does not after `failed`. `clock` returns seconds. At most `most` dialogues are
    kept; the least recently used one is dropped.
    """

    DAY = 24 * 3600.0

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._allowed_from: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._allowed_from)

    def is_allowed(self, dialogue: bytes) -> bool:
        found = self._allowed_from.get(dialogue)
        if found is None:
            return False
        self._allowed_from.move_to_end(dialogue)
        return found <= self._clock()

    def passed(self, dialogue: bytes) -> None:
        """A check passed with one command at a time."""
        self._keep(dialogue, self._allowed_from.get(dialogue, self._clock()))

    def failed(self, dialogue: bytes) -> None:
        """A check did not pass with several commands at once, and nothing shows that this was not the reason."""
        self._keep(dialogue, self._clock() + self.DAY)

    def forget(self, dialogue: bytes) -> None:
        """A check did not pass, however it sent its commands: the next one sends one at a time."""
        self._allowed_from.pop(dialogue, None)

    def _keep(self, dialogue: bytes, allowed_from: float) -> None:
        self._allowed_from[dialogue] = allowed_from
        self._allowed_from.move_to_end(dialogue)
        while len(self._allowed_from) > self._most:
            self._allowed_from.popitem(last=False)
