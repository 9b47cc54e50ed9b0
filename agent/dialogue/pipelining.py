"""Which accounts get the last commands of a check in one packet (RFC 2920, RFC 2449 section 6.6, RFC 9051 section 5.5).

That saves a round trip, but some servers that offer PIPELINING lose what comes together with a command. So a check that
does not pass after several commands at once is repeated with one at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from agent.dialogue.login import Account


class Pipelining:
    """An account is known after a check that passed with one command at a time. After a check that did not pass with
    several at once, it gets one at a time for a day. `clock` returns seconds. At most `most` accounts are kept; the
    least recently used one is dropped.
    """

    DAY = 24 * 3600.0

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 50_000) -> None:
        self._clock = clock
        self._most = most
        self._allowed_from: OrderedDict[Account, float] = OrderedDict()

    def is_allowed(self, account: Account) -> bool:
        found = self._allowed_from.get(account)
        if found is None:
            return False
        self._allowed_from.move_to_end(account)
        return found <= self._clock()

    def passed(self, account: Account) -> None:
        """A check passed with one command at a time."""
        self._allowed_from.setdefault(account, self._clock())
        if len(self._allowed_from) > self._most:
            self._allowed_from.popitem(last=False)

    def failed(self, account: Account) -> None:
        """A check did not pass with several commands at once."""
        self._allowed_from[account] = self._clock() + self.DAY
