"""Refused logins: after three refusals in a row a login is tried less and less often, so that no account is locked.

Pure bookkeeping in the seconds of any monotonic clock. It identifies a login by a digest and keeps no password.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.secret import Secret
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.targets import Login, Target

MOST_REFUSALS = 3
FIRST_PAUSE_SECONDS = 15 * 60.0
LONGEST_PAUSE_SECONDS = 6 * 3600.0
MOST_REMEMBERED = 10_000


class Outcome(StrEnum):
    """The outcome of a login in a check."""

    UNTRIED = "untried"  # the check failed before the login
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"  # tried, but neither accepted nor refused


_BEFORE_LOGIN = frozenset(
    {None, Phase.RESOLVE, Phase.CONNECT, Phase.TLS, Phase.GREETING, Phase.EHLO, Phase.CAPABILITIES, Phase.STARTTLS}
)


def outcome_of(failure: Failure | None) -> Outcome:
    """The outcome of the login in a check with this failure."""
    if failure is None:
        return Outcome.ACCEPTED
    if failure.phase in _BEFORE_LOGIN or failure.kind is FailureKind.LOGIN_MECHANISM_MISSING:
        return Outcome.UNTRIED
    if failure.phase is not Phase.AUTH:
        return Outcome.ACCEPTED  # a phase after the login began
    if failure.kind is FailureKind.LOGIN_REFUSED and failure.source is FailureSource.TARGET:
        return Outcome.REFUSED
    return Outcome.UNCLEAR


def digest(monitor: UUID, target: Target, login: Login, key: Secret) -> bytes:
    """16 bytes that change with monitor, target or login, and reveal nothing without the agent's `key`."""
    about = msgspec.structs.replace(target, login=None)
    parts = (str(monitor), about, login.user, login.password.reveal(), login.bearer)
    return hmac.digest(key.reveal().encode(), msgspec.json.encode(parts), "sha256")[:16]


class _Entry(msgspec.Struct):
    failure: Failure
    refusals: int = 0
    next_try: float = 0.0
    pause: float = 0.0


class RefusedLogins:
    """Remembers at most `most` logins by digest; the least recently used one is dropped."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def withheld(self, login: bytes, now: float) -> Failure | None:
        """The failure to repeat instead of trying `login` at `now`. None: try it, and report the outcome by `record`.

        Only the first caller may try: until it reports, other callers get the failure.
        """
        entry = self._entries.get(login)
        if entry is None:
            return None
        self._entries.move_to_end(login)
        if entry.refusals < MOST_REFUSALS:
            return None
        if now < entry.next_try:
            return entry.failure
        entry.next_try = now + entry.pause
        return None

    def record(self, login: bytes, outcome: Outcome, failure: Failure | None, now: float) -> None:
        """Record the outcome of a try. A refusal needs its `failure`."""
        entry = self._entries.get(login)
        match outcome:
            case Outcome.ACCEPTED:
                self._entries.pop(login, None)
            case Outcome.REFUSED if failure is not None:
                self._refuse(login, failure, now)
            case Outcome.UNTRIED if entry is not None:
                entry.next_try = now  # the try was not used
            case Outcome.UNCLEAR if entry is not None:
                entry.next_try = now + entry.pause

    def _refuse(self, login: bytes, failure: Failure, now: float) -> None:
        entry = self._entries.setdefault(login, _Entry(failure))
        self._entries.move_to_end(login)
        entry.failure = failure
        entry.refusals += 1
        if entry.refusals >= MOST_REFUSALS:
            entry.pause = min(entry.pause * 2 or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            entry.next_try = now + entry.pause
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
