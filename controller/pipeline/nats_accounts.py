"""Keep the accounts of NATS equal to the database: what agents and subscribers may do, and which keys are revoked.

Every controller does this, on a connection of its own as the system user, and queries each server of a cluster. The
servers keep the accounts themselves, so revoked keys stay revoked while no controller runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from time import monotonic
from typing import NamedTuple

import msgspec
import structlog

from controller.store.accounts import subscribers
from controller.store.locations import locations
from controller.store.locations.keys import revoked_users
from controller.store.platform.pool import Database
from controller.trust import account
from controller.trust.account import BrokerAccount, correction
from controller.trust.keys import Trust
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.targets import KINDS

log = structlog.get_logger()

RECONCILE_SECONDS = 2.0
_REVIEW_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Outcome(msgspec.Struct):
    """A server's answer to new claims: `data` when it accepted them."""

    data: _Status | None = None
    error: msgspec.Raw | None = None


class _Target(NamedTuple):
    """What servers are to hold about an account."""

    account: BrokerAccount
    revoked: tuple[str, ...]


class NatsAccounts:
    """`reconcile` is called every few seconds. It queries the broker about the accounts that many use each time, and
    about those of one location or subscriber only when something of theirs changed, and every ten seconds in case a
    server was away. `kinds` are the kinds of check that agents may fetch.
    """

    def __init__(self, db: Database, bus: Bus, trust: Trust, kinds: Collection[str] = KINDS) -> None:
        self._db = db
        self._bus = bus
        self._trust = trust
        self._kinds = kinds
        self._own: dict[tuple[str, str], BrokerAccount] = {}
        self._kept: list[_Target] = []
        self._review_at = 0.0

    async def reconcile(self) -> None:
        """Read the claims that the servers use, and correct them. Raises StoreUnavailableError, BusError."""
        revoked = await revoked_users(self._db)
        # During an update, a version that knows only the shared account runs beside this one, and revokes all there.
        common = [
            _Target(account.of_controllers(self._trust), ()),
            _Target(account.shared(self._trust, self._kinds), (*revoked,)),
        ]
        refused: dict[str | None, list[str]] = {}
        for user, key in revoked.items():
            refused.setdefault(key, []).append(user)
        own = [_Target(each, tuple(refused.get(each.key, ()))) for each in await self._own_accounts()]
        if own == self._kept and monotonic() < self._review_at:
            await self._correct(common)
            return
        await self._correct(common + own)
        self._kept, self._review_at = own, monotonic() + _REVIEW_SECONDS

    async def _own_accounts(self) -> list[BrokerAccount]:
        """Of each location, because leaf servers are told of it before it has new keys, and of each subscriber."""
        owners = [(here.code, "") for here in await locations.all_locations(self._db)]
        readers = await subscribers.apart(self._db)
        owners += [(each.consumer, subjects.events_of(each.organization, each.customer)) for each in readers]
        self._own = {owner: self._own.get(owner) or self._account_of(*owner) for owner in owners}
        return list(self._own.values())

    def _account_of(self, owner: str, events: str) -> BrokerAccount:
        if not events:
            return account.of_location(self._trust, owner, self._kinds)
        return account.of_subscriber(self._trust, owner, events)

    async def _correct(self, targets: Sequence[_Target]) -> None:
        published = await self.published_claims([each.account for each in targets])
        now = utc_now()
        changed = [
            (each, claims)
            for each, there in zip(targets, published, strict=True)
            if (claims := correction(self._trust, each.account, there, each.revoked, now)) is not None
        ]
        if not changed:
            return
        updates = [(_UPDATE, claims.encode()) for _, claims in changed]
        answers = await self._bus.request_each(updates, _ANSWER_SECONDS)
        for (each, _), answer in zip(changed, answers, strict=True):
            outcomes = [_outcome(one) for one in answer]
            accepted = sum(one.data is not None and one.data.code == 200 for one in outcomes)
            if not accepted:
                raise BusError("no server accepts claims: NATS needs a resolver of type full")
            refused = len(outcomes) - accepted
            log.info(
                "claims_changed",
                account=each.account.name,
                servers=accepted,
                refused=refused,
                revoked=len(each.revoked),
            )

    async def published_claims(self, accounts: Sequence[BrokerAccount]) -> list[list[str]]:
        """The claims of each account that each reachable server uses now, as JWTs. Raises BusError."""
        lookups = [(f"$SYS.REQ.ACCOUNT.{each.key}.CLAIMS.LOOKUP", b"") for each in accounts]
        answers = await self._bus.request_each(lookups, _ANSWER_SECONDS)
        return [[one.decode(errors="replace") for one in answer] for answer in answers]


def _outcome(answer: bytes) -> _Outcome:
    try:
        return msgspec.json.decode(answer, type=_Outcome)
    except msgspec.MsgspecError:
        return _Outcome()
