"""How a login is tried, whatever the protocol: strongest way first, and never one refused login more than must be.

A server that keeps only hashes of its passwords cannot check a proof of one (CRAM-MD5, APOP), yet many such offer it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import NamedTuple, TypeAlias

from agent.errors import CheckError
from shared.wire.failures import FailureKind
from shared.wire.targets import Login, Target

_MAY_BE_THE_WAYS_FAULT = frozenset({FailureKind.LOGIN_REFUSED, FailureKind.LOGIN_MECHANISM_MISSING})

Account: TypeAlias = tuple[str, int, Login | None]
"""Host, port and login: a corrected password is another account, whose proof is tried."""


class Way(NamedTuple):
    """`attempt` logs in and returns None, or the refusal. With `hides_password` it says a proof instead."""

    name: str
    hides_password: bool
    attempt: Callable[[], Awaitable[CheckError | None]]


class Proofs:
    """The accounts whose server refused a proof of the password: the next checks say the password at once.

    Else every check would be one refused login more, two where the password is wrong, until the server slows down or
    locks the account. Forgotten after a day, for a server may learn; `clock` gives seconds. At most `most` accounts,
    those used longest ago go.
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
    """The name of the way that was accepted; `ways`, at least one, are in the order of strength. Raises the refusal.

    After a proof was refused the first way that says the password is tried, once and on the same connection.
    """
    account = target.host, target.port, target.login
    said = [way for way in ways if not way.hides_password]
    first = said[0] if said and proofs.are_useless(account) else ways[0]
    refused = await first.attempt()
    if refused is None:
        return first.name
    if not first.hides_password or not said or refused.kind not in _MAY_BE_THE_WAYS_FAULT:
        raise refused
    try:
        again = await said[0].attempt()
    except (EOFError, ConnectionError):
        raise refused from None  # one try was all it allowed
    proofs.were_refused(account)
    if again is not None:
        raise again
    return said[0].name
