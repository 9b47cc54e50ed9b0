"""Refused logins: after three refusals in a row a login is tried less and less often, so that no account is locked.

Pure bookkeeping in the seconds of any monotonic clock. It identifies a login by a digest and keeps no password.
`agent.throttling.refused_logins_file` keeps it over a restart.
"""

from __future__ import annotations

import hmac
from collections import Counter, OrderedDict
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from agent.dialogue.login import MOST_TRIES, Tries
from shared.secret import Secret
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult
from shared.wire.targets import Login, Server

MOST_REFUSALS = 3
FIRST_PAUSE_SECONDS = 15 * 60.0
LONGEST_PAUSE_SECONDS = 6 * 3600.0
MOST_REMEMBERED = 10_000
DIGEST_BYTES = 16


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


_NOT_OPENED = frozenset({WarningKind.MAILBOX_BUSY, WarningKind.MAILBOX_FULL})


def outcome_in(result: CheckResult, tries: Tries) -> Outcome:
    """The outcome of the login in a check with this result and these tries. A server that says at the login that the
    mailbox is in use may not have looked at the password; a check may fail before the login when it is repeated.
    """
    opened = any(timing.phase is Phase.MAILBOX for timing in result.phases)
    if result.failure is None and not opened and any(warning.kind in _NOT_OPENED for warning in result.warnings):
        return Outcome.UNCLEAR
    outcome = outcome_of(result.failure)
    return Outcome.ACCEPTED if outcome is Outcome.UNTRIED and tries.accepted else outcome


def refusals_in(result: CheckResult) -> int:
    """How many times the server refused the login in a check, if it refused it."""
    refused = result.facts.get("loginsRefused")
    return refused if isinstance(refused, int) and refused > 0 else 1


def outcome_of_tries(result: CheckResult, tries: Tries) -> Outcome:
    """The outcome of one of several logins of a check."""
    if tries.accepted:
        return Outcome.ACCEPTED
    if tries.refused and result.failure is not None:
        return Outcome.REFUSED
    return Outcome.UNCLEAR if tries.attempted else Outcome.UNTRIED


def digest(monitor: UUID, server: Server, login: Login, key: Secret) -> bytes:
    """Bytes that change with monitor, server or login, and reveal nothing without the agent's `key`."""
    about = msgspec.structs.replace(server, login=None)
    parts = (str(monitor), about, login.user, login.password.reveal(), login.bearer)
    return hmac.digest(key.reveal().encode(), msgspec.json.encode(parts), "sha256")[:DIGEST_BYTES]


class _Entry(msgspec.Struct):
    failure: Failure
    refusals: int = 0
    next_try: float = 0.0
    pause: float = 0.0


class RememberedLogin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A refused login as it is kept over a restart: by its digest, the next try after so many seconds."""

    digest: Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
    failure: Failure
    refusals: Annotated[int, Meta(ge=1, le=1_000_000)]
    next_try_in: Annotated[float, Meta(ge=0, le=LONGEST_PAUSE_SECONDS)]
    pause: Annotated[float, Meta(ge=0, le=LONGEST_PAUSE_SECONDS)]


class RefusedLogins:
    """Remembers at most `most` logins by digest; the least recently used one is dropped. `changes` grows with each
    change.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self.changes = 0
        self._most = most
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._under_way: Counter[bytes] = Counter()

    def __len__(self) -> int:
        return len(self._entries)

    def withheld(self, login: bytes, now: float) -> Failure | None:
        """The failure to repeat instead of trying `login` at `now`. None: try it, as often as `begin` says, and report
        the outcome by `record`.

        Only as many callers may try at once as could be refused before the login is withheld: until they report, other
        callers get the failure.
        """
        entry = self._entries.get(login)
        if entry is None:
            return None
        self._entries.move_to_end(login)
        if entry.refusals < MOST_REFUSALS:
            return entry.failure if entry.refusals + self._under_way[login] >= MOST_REFUSALS else None
        if now < entry.next_try:
            return entry.failure
        entry.next_try = now + entry.pause
        self.changes += 1
        return None

    def begin(self, login: bytes) -> int:
        """How many times a check that begins may try `login`, so that the server refuses it MOST_REFUSALS times and not
        once more before it is withheld, also if checks overlap because the server is slow to refuse.
        """
        entry = self._entries.get(login)
        refused = entry.refusals if entry else 0
        tries = max(1, min(MOST_TRIES, MOST_REFUSALS - refused - self._under_way[login]))
        self._under_way[login] += tries
        return tries

    def record(
        self, login: bytes, outcome: Outcome, failure: Failure | None, now: float, *, tries: int = 0, refusals: int = 1
    ) -> None:
        """Record the outcome of a check that began with so many `tries`. One whose login was refused needs its
        `failure` and the number of refusals.
        """
        self._under_way[login] -= tries
        if self._under_way[login] <= 0:
            del self._under_way[login]
        entry = self._entries.get(login)
        self.changes += entry is not None or outcome is Outcome.REFUSED
        match outcome:
            case Outcome.ACCEPTED:
                self._entries.pop(login, None)
            case Outcome.REFUSED if failure is not None:
                self._refuse(login, failure, now, refusals)
            case Outcome.UNTRIED if entry is not None:
                entry.next_try = now  # the try was not used
            case Outcome.UNCLEAR if entry is not None:
                entry.next_try = now + entry.pause

    def remembered(self, now: float) -> list[RememberedLogin]:
        """All logins, the least recently used one first. Another thread may call it while they change."""
        return [
            RememberedLogin(
                digest=login,
                failure=entry.failure,
                refusals=entry.refusals,
                next_try_in=min(max(0.0, entry.next_try - now), LONGEST_PAUSE_SECONDS),
                pause=entry.pause,
            )
            for login, entry in list(self._entries.items())
        ]

    def restore(self, logins: Iterable[RememberedLogin], now: float, *, seconds_ago: float) -> None:
        """Remember what `remembered` returned so many seconds ago."""
        for each in logins:
            next_try = now + max(0.0, each.next_try_in - max(0.0, seconds_ago))
            self._entries[each.digest] = _Entry(each.failure, each.refusals, next_try, each.pause)
        self._drop_the_oldest()

    def _refuse(self, login: bytes, failure: Failure, now: float, refusals: int) -> None:
        entry = self._entries.setdefault(login, _Entry(failure))
        self._entries.move_to_end(login)
        entry.failure = failure
        entry.refusals += refusals
        if entry.refusals >= MOST_REFUSALS:
            entry.pause = min(entry.pause * 2 or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
            entry.next_try = now + entry.pause
        self._drop_the_oldest()

    def _drop_the_oldest(self) -> None:
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
