"""Tries a login over any protocol: the strongest way first, with as few refused logins as possible.

A server that stores only hashes of passwords cannot verify a proof of one (CRAM-MD5, APOP), yet many offer it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import NamedTuple

from agent.dialogue.keys import key_of_account
from agent.dialogue.password_refusals import explain_at_google
from agent.errors import CheckError
from shared.wire.failures import FailureKind
from shared.wire.targets import Server

_MAY_DEPEND_ON_THE_WAY = frozenset({FailureKind.LOGIN_REFUSED, FailureKind.LOGIN_MECHANISM_MISSING})

MOST_TRIES = 2
"""How many logins one check tries at most: a proof of the password, then the password."""


class Way(NamedTuple):
    """`attempt` logs in and returns None, or the refusal. With `hides_password` it sends a proof, not the password."""

    name: str
    hides_password: bool
    attempt: Callable[[], Awaitable[CheckError | None]]


class Proofs:
    """The accounts whose server refused a proof of the password: later checks send the password at once.

    Otherwise every check would add a refused login, or two if the password is wrong, until the server slows down or
    locks the account. Accounts are known by `agent.dialogue.keys.key_of_account`. An entry expires after a day, because
    a server may change; `clock` returns seconds. At most `most` accounts are kept; the least recently used one is
    dropped.
    """

    DAY = 24 * 3600.0

    def __init__(self, clock: Callable[[], float] = monotonic, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._useless: OrderedDict[bytes, float] = OrderedDict()

    def are_useless(self, account: bytes) -> bool:
        found = self._useless.get(account)
        if found is None or self._clock() - found > self.DAY:
            self._useless.pop(account, None)
            return False
        self._useless.move_to_end(account)
        return True

    def were_refused(self, account: bytes) -> None:
        self._useless[account] = self._clock()
        if len(self._useless) > self._most:
            self._useless.popitem(last=False)


class Tries:
    """How often a check may try a login, and in `refused` how often the server refused it."""

    def __init__(self, most: int = MOST_TRIES) -> None:
        self.most = most
        self.refused = 0
        self.attempted = False
        self.accepted = False

    async def attempt(self, way: Way) -> CheckError | None:
        self.attempted = True
        refusal = await way.attempt()
        if refusal is not None and refusal.kind is FailureKind.LOGIN_REFUSED:
            self.refused += 1
        self.accepted = refusal is None
        return refusal


async def log_in(ways: Sequence[Way], target: Server, proofs: Proofs, tries: Tries) -> str:
    """The name of the way that was accepted; `ways` holds at least one, strongest first. Raises the refusal.

    After a refused proof, the first way that sends the password is tried once, on the same connection.
    """
    account = key_of_account(target)
    refused: CheckError | None = None
    for way in _order(ways, tries, proof_is_useless=proofs.are_useless(account)):
        try:
            refusal = await tries.attempt(way)
        except (EOFError, ConnectionError):
            if refused is None:
                raise
            break  # the server allows one attempt only
        lacks_way = refusal is not None and refusal.kind is FailureKind.LOGIN_MECHANISM_MISSING
        if refused is not None and not way.hides_password and not lacks_way:
            proofs.were_refused(account)
        if refusal is None:
            return way.name
        if refused is None or not lacks_way:
            refused = refusal
        if refused.kind not in _MAY_DEPEND_ON_THE_WAY or tries.refused >= tries.most:
            break
    assert refused is not None  # noqa: S101 - there was at least one way
    raise explain_at_google(refused, target)


def _order(ways: Sequence[Way], tries: Tries, *, proof_is_useless: bool) -> Sequence[Way]:
    """The ways to try, each if the one before is refused or unknown to the server."""
    password = next((way for way in ways if not way.hides_password), None)
    if password is None or password is ways[0]:
        return ways[:1]
    if proof_is_useless:
        return [password]
    # If one try is left, it is with the password: only that is certain to say whether the password is right.
    return [ways[0], password] if tries.most >= MOST_TRIES else [password, ways[0]]
