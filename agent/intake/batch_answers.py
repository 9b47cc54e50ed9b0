"""Judges by the broker's answers whether messages with several results get through. A client without the right to
publish on their subject gets no answer at all: the rights on the broker, or on a leaf server, may be of an earlier
version. A broker that is away for seconds does not answer either, and must not end batches for long.
"""

from __future__ import annotations

from time import monotonic

SHORTEST_SECONDS = 10.0
"""How long results are sent one by one after a message with several was not answered; doubled each time."""

LONGEST_SECONDS = 600.0


class BatchAnswers:
    """Whether a message with several results may be sent now. After one was not answered: none for a while, and then a
    single one, whose answer shows whether others may follow.
    """

    def __init__(self) -> None:
        self._seconds = 0.0  # how long the latest pause is; 0 while such messages are answered
        self._paused_until = float("-inf")
        self._known_at = float("-inf")  # what was sent before tells nothing new

    def may_send(self) -> bool:
        """Ask this each time before one is sent."""
        now = monotonic()
        if now < self._paused_until:
            return False
        if self._seconds:
            self._paused_until = now + self._seconds  # of this one the answer is to be seen first
        return True

    def answered(self, sent_at: float) -> None:
        """The broker has taken the one that was sent at that moment (monotonic)."""
        self._known_at = max(self._known_at, sent_at)
        self._seconds = 0.0
        self._paused_until = float("-inf")

    def not_answered(self, sent_at: float) -> float | None:
        """The broker did not answer the one that was sent at that moment, but takes single results. Returns for how
        many seconds results are sent one by one now. None if it tells nothing new: one that was sent later was
        answered, so the broker was away; or others that were sent meanwhile were not answered either.
        """
        if sent_at < self._known_at:
            return None
        self._known_at = monotonic()
        self._seconds = min(max(SHORTEST_SECONDS, self._seconds * 2), LONGEST_SECONDS)
        self._paused_until = self._known_at + self._seconds
        return self._seconds
