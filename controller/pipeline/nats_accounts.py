"""Keep the accounts of NATS equal to the database: what agents may do, and which keys are revoked.

Every controller does this, on a connection of its own as the system user, and queries each server of a cluster. The
servers keep the accounts themselves, so revoked keys stay revoked while no controller runs.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import structlog

from controller.store.locations.keys import revoked_users
from controller.store.platform.pool import Database
from controller.trust.account import Side, account_key, correction
from controller.trust.keys import Trust
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.nats.errors import BusError

log = structlog.get_logger()

RECONCILE_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Outcome(msgspec.Struct):
    """A server's answer to new claims: `data` when it accepted them."""

    data: _Status | None = None
    error: msgspec.Raw | None = None


class NatsAccounts:
    def __init__(self, db: Database, bus: Bus, trust: Trust) -> None:
        self._db = db
        self._bus = bus
        self._trust = trust

    async def reconcile(self) -> None:
        """Read the claims that the servers use, and correct them. Raises StoreUnavailableError, BusError."""
        await self._tend(Side.CONTROLLERS, ())
        await self._tend(Side.GUESTS, await revoked_users(self._db))

    async def _tend(self, side: Side, revoked: Collection[str]) -> None:
        claims = correction(self._trust, side, await self.published_claims(side), revoked, utc_now())
        if claims is None:
            return
        outcomes = [
            _outcome(answer) for answer in await self._bus.request_all(_UPDATE, claims.encode(), _ANSWER_SECONDS)
        ]
        accepted = sum(one.data is not None and one.data.code == 200 for one in outcomes)
        if not accepted:
            raise BusError("no server accepts claims: NATS needs a resolver of type full")
        refused = len(outcomes) - accepted
        log.info("claims_changed", account=side.value, servers=accepted, refused=refused, revoked=len(revoked))

    async def published_claims(self, side: Side) -> list[str]:
        """The claims that each reachable server uses now, as JWTs. Raises BusError."""
        lookup = f"$SYS.REQ.ACCOUNT.{account_key(self._trust, side)}.CLAIMS.LOOKUP"
        answers = await self._bus.request_all(lookup, b"", _ANSWER_SECONDS)
        return [answer.decode(errors="replace") for answer in answers]


def _outcome(answer: bytes) -> _Outcome:
    try:
        return msgspec.json.decode(answer, type=_Outcome)
    except msgspec.MsgspecError:
        return _Outcome()
