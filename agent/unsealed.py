"""Logins opened lately. The same sealed login comes round after round, and opening one costs as much as a dialogue."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from agent.scrub import Scrubber
from shared.sealing import open_login
from shared.targets import Login, Secret


class UnsealedLogins:
    """At most `most` logins, with what hides their password; those used longest ago go.

    They are no better kept elsewhere: the key that opens them all lies in the same memory.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._opened: OrderedDict[tuple[bytes, UUID], tuple[Login, Scrubber]] = OrderedDict()

    def open(self, sealed: bytes, key: Secret, *, monitor: UUID, location: str) -> tuple[Login, Scrubber]:
        """Raises SealError."""
        opened = self._opened.get((sealed, monitor))
        if opened is None:
            login = open_login(sealed, key, monitor=monitor, location=location)
            opened = self._opened[sealed, monitor] = login, Scrubber(login)
            if len(self._opened) > self._most:
                self._opened.popitem(last=False)
        else:
            self._opened.move_to_end((sealed, monitor))
        return opened
