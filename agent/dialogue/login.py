"""Tries a login over any protocol: the strongest way first, with as few refused logins as possible.

A server that stores only hashes of passwords cannot verify a proof of one (CRAM-MD5, APOP), yet many offer it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import NamedTuple, TypeAlias

from agent.dialogue.password_refusals import explain_at_google
from agent.errors import CheckError
from shared.wire.failures import FailureKind
from shared.wire.targets import Login, Target

_MAY_DEPEND_ON_THE_WAY = frozenset({FailureKind.LOGIN_REFUSED, FailureKind.LOGIN_MECHANISM_MISSING})

Account: TypeAlias = tuple[str, int, Login | None]
"""Host, port and login: with a corrected password it is another account, so the proof is tried again."""


class Way(NamedTuple):
    """`attempt` logs in and returns None, or the refusal. With `hides_password` it sends a proof, not the password."""

    name: str
    hides_password: bool
    attempt: Callable[[], Awaitable[CheckError | None]]


class Proofs:
    """The accounts whose server refused a proof of the password: later checks send the password at once.

    Otherwise every check would add a refused login, or two if the password is wrong, until the server slows down or
    locks the account. An entry expires after a day, because a server may change; `clock` returns seconds. At most
    `most` accounts are kept; the least recently used one is dropped.
    """

    DAY = 24 * 3600.0

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._useless: OrderedDict[Account, float] = OrderedDict()

    def are_useless(self, account: Account) -> bool:
        found = self._useless.get(account)
        if found is None or self._clock() - found > self.DAY:
            self._useless.pop(account, None)
            return False
        self._useless.move_to_end(account)
        return True

    def were_refused(self, account: Account) -> None:
        self._useless[account] = self._clock()
        if len(self._useless) > self._most:
            self._useless.popitem(last=False)


async def log_in(ways: Sequence[Way], target: Target, proofs: Proofs) -> str:
    """The name of the way that was accepted; `ways` holds at least one, strongest first. Raises the refusal.

    After a refused proof, the first way that sends the password is tried once, on the same connection.
    """
    account = target.host, target.port, target.login
    showing_password = [way for way in ways if not way.hides_password]
    first = showing_password[0] if showing_password and proofs.are_useless(account) else ways[0]
    refused = await first.attempt()
    if refused is None:
        return first.name
    if not first.hides_password or not showing_password or refused.kind not in _MAY_DEPEND_ON_THE_WAY:
        raise explain_at_google(refused, target)
    try:
        second_refusal = await showing_password[0].attempt()
    except (EOFError, ConnectionError):
        raise explain_at_google(refused, target) from None  # the server allows one attempt only
    proofs.were_refused(account)
    if second_refusal is not None:
        raise explain_at_google(second_refusal, target)
    return showing_password[0].name
