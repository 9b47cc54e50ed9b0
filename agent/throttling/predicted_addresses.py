"""Which address a check will connect to, before it connects: the permits for it come first."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from agent.dialogue.reach import Reach
from agent.errors import CheckError
from agent.fitness import within
from agent.net.addresses import permitted
from shared.addresses import Network
from shared.wire.targets import IpFamily, Server

_RESOLVE_SECONDS = 3.0
_MOST_ADDRESSES = 10_000


class PredictedAddresses:
    """Predicts the address that a check will connect to: that of the last check of the same host, else resolved now.

    So the wait for a permit is over before the check and its clock start, and all names of a server share its permits.
    """

    def __init__(self, reach: Reach, exempt: Sequence[Network]) -> None:
        self._reach = reach
        self._exempt = exempt
        self._known: OrderedDict[tuple[str, IpFamily], tuple[str, bool]] = OrderedDict()

    async def address_to_wait_for(self, server: Server, seconds: float) -> str | None:
        """The address, or the host itself if none is known within `seconds`; None if the address is exempt."""
        key = _name(server), server.ip_family
        if key in self._known:
            self._known.move_to_end(key)
        else:
            self.learn(server, await self._resolve(server, min(seconds, _RESOLVE_SECONDS)))
        address, exempt = self._known.get(key, (_name(server), False))
        return None if exempt else address

    def learn(self, server: Server, address: str | None) -> None:
        """Remember which address a check of `server` connected to."""
        key = _name(server), server.ip_family
        if address is None or self._known.get(key, ("",))[0] == address:
            return
        self._known[key] = (address, within(address, self._exempt))
        while len(self._known) > _MOST_ADDRESSES:
            self._known.popitem(last=False)

    async def _resolve(self, server: Server, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                found = await self._reach.resolver.addresses(_name(server), server.ip_family)
                return permitted(found, self._reach.allowed)[0]
        except (CheckError, TimeoutError):
            return None  # the check itself will report why


def _name(server: Server) -> str:
    """The name that a check resolves."""
    return server.address or server.host
