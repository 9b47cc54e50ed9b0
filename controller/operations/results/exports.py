"""Limits how many exports run at once on this controller, in all and for one principal, because each keeps it busy for
long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import LimitedError
from controller.model import Principal

AT_ONCE = 4
OF_ONE = 2
RETRY_SECONDS = 15


class Exports:
    """An export ends when its client takes no data for `read_seconds`, or may not read it any more, which is checked
    every `review_seconds`.
    """

    def __init__(self, *, read_seconds: float = 30.0, review_seconds: float = 1.0) -> None:
        self.read_seconds = read_seconds
        self.review_seconds = review_seconds
        self._running: Counter[tuple[int | None, int | None]] = Counter()

    @property
    def running(self) -> int:
        return self._running.total()

    @contextmanager
    def one_of(self, principal: Principal) -> Iterator[None]:
        """Run one export. Raises LimitedError when too many run already."""
        who = (principal.token_id, principal.account_id)
        if self._running[who] >= OF_ONE:
            raise LimitedError(f"{OF_ONE} exports of yours are running already", RETRY_SECONDS)
        if self.running >= AT_ONCE:
            raise LimitedError(f"{AT_ONCE} exports are running already", RETRY_SECONDS)
        self._running[who] += 1
        try:
            yield
        finally:
            self._running[who] -= 1
            if not self._running[who]:
                del self._running[who]
