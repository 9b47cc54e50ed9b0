"""A cache of opened logins. The same sealed login comes in each round, and opening one costs as much as a dialogue."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from agent.dialogue.scrub import Scrubber
from shared.secret import Secret
from shared.wire.messages import CheckRequest
from shared.wire.sealing import SealError, open_login
from shared.wire.targets import Login


class OpenedLogins(NamedTuple):
    """The logins of a request by name, and the scrubber of their passwords."""

    logins: dict[str, Login]
    scrubber: Scrubber


_NONE = OpenedLogins({}, Scrubber())


class UnsealedLogins:
    """Keeps at most `most` logins with their scrubbers; the least recently used one is dropped.

    Keeping them in memory loses no safety: the key that opens them all is in the same memory.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._opened: OrderedDict[tuple[bytes, UUID], tuple[Login, Scrubber]] = OrderedDict()

    def of(self, request: CheckRequest, key: Secret, location: str) -> OpenedLogins:
        """All logins of a request, which were sealed for its monitor and this location. Raises SealError, also for a
        login that only a later version of the kind has: without it the check would find out something else.
        """
        every = request.sealed_logins
        if not every:
            return _NONE
        unknown = sorted(every.keys() - set(request.target.LOGINS))
        if unknown:
            raise SealError(f"this version does not know the login {unknown[0]!r} of the request")
        opened = {
            name: self._open(sealed, key, monitor=request.monitor_id, location=location)
            for name, sealed in every.items()
        }
        logins = {name: login for name, (login, _) in opened.items()}
        if len(opened) == 1:
            [(_, scrubber)] = opened.values()
            return OpenedLogins(logins, scrubber)
        return OpenedLogins(logins, Scrubber(*logins.values()))

    def _open(self, sealed: Sequence[bytes], key: Secret, *, monitor: UUID, location: str) -> tuple[Login, Scrubber]:
        """Open a login that was sealed to several keys, one of which must be `key`. Raises SealError."""
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
