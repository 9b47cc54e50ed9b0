"""Logins opened lately. The same sealed login comes round after round, and opening one costs as much as a dialogue."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from agent.dialogue.scrub import Scrubber
from shared.wire.sealing import SealError, open_login
from shared.wire.targets import Login, Secret


class UnsealedLogins:
    """At most `most` logins, with what hides their password; those used longest ago go.

    They are no better kept elsewhere: the key that opens them all lies in the same memory.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._opened: OrderedDict[tuple[bytes, UUID], tuple[Login, Scrubber]] = OrderedDict()

    def open(self, sealed: Sequence[bytes], key: Secret, *, monitor: UUID, location: str) -> tuple[Login, Scrubber]:
        """The login, which was sealed to several keys: one of them must be `key`. Raises SealError."""
        for each in sealed:
            opened = self._opened.get((each, monitor))
            if opened is not None:
                self._opened.move_to_end((each, monitor))
                return opened
        for each in sealed:
            with suppress(SealError):
                login = open_login(each, key, monitor=monitor, location=location)
                opened = self._opened[each, monitor] = login, Scrubber(login)
                if len(self._opened) > self._most:
                    self._opened.popitem(last=False)
                return opened
        raise SealError("the login was not sealed for this location and monitor, or not for the key of this enrolment")
