"""Keep what the broker believes equal to what the database says: what agents may do, and whose keys are refused.

On a connection of its own, as the system user: every controller does it, and each server of a cluster is asked. The
servers keep it themselves, so who is cut off stays so while all controllers are away.
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

TEND_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"


class _Said(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Outcome(msgspec.Struct):
    """A server's answer to new claims: `data` when it took them."""

    data: _Said | None = None
    error: msgspec.Raw | None = None


class ClaimsKeeper:
    def __init__(self, db: Database, bus: Bus, trust: Trust) -> None:
        self._db = db
        self._bus = bus
        self._trust = trust

    async def tend(self) -> None:
        """Ask the servers what they believe, and correct them. Raises StoreUnavailableError, BusError."""
        await self._tend(Side.CONTROLLERS, ())
        await self._tend(Side.GUESTS, await revoked_users(self._db))

    async def _tend(self, side: Side, revoked: Collection[str]) -> None:
        claims = correction(self._trust, side, await self.told(side), revoked, utc_now())
        if claims is None:
            return
        outcomes = [_outcome(answer) for answer in await self._bus.ask_all(_UPDATE, claims.encode(), _ANSWER_SECONDS)]
        taken = sum(one.data is not None and one.data.code == 200 for one in outcomes)
        if not taken:
            raise BusError("no server takes claims: NATS needs a resolver of type full")
        refused = len(outcomes) - taken
        log.info("claims_changed", account=side.value, servers=taken, refused=refused, revoked=len(revoked))

    async def told(self, side: Side) -> list[str]:
        """What each server that can be reached believes now: JWTs. Raises BusError."""
        lookup = f"$SYS.REQ.ACCOUNT.{account_key(self._trust, side)}.CLAIMS.LOOKUP"
        answers = await self._bus.ask_all(lookup, b"", _ANSWER_SECONDS)
        return [answer.decode(errors="replace") for answer in answers]


def _outcome(answer: bytes) -> _Outcome:
    try:
        return msgspec.json.decode(answer, type=_Outcome)
    except msgspec.MsgspecError:
        return _Outcome()
