"""How a probe reaches its target: resolve, check the address, connect, encrypt. The same for every protocol.

It also keeps what a result tells even when the check fails: the address and the TLS facts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from agent.errors import CheckError
from agent.net import tls
from agent.net.addresses import Network, permitted
from agent.net.resolve import Resolver
from agent.net.stream import LineStream
from agent.phases import Phases
from shared.clock import utc_now
from shared.failures import CheckWarning, FailureSource, Phase, WarningKind
from shared.messages import Fact
from shared.targets import Target, TlsMode

_LONGEST_TRY_SECONDS = 5.0
_MOST_ADDRESSES = 8


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What all checks of an agent share to reach their targets. `client_name` is how probes introduce themselves."""

    resolver: Resolver
    trust: tls.Trust
    client_name: str
    allowed: tuple[Network, ...] = ()


class Connect:
    """The way to one target, for one check: `stream = await connect()`, `await connect.encrypt(stream)`.

    `deadline` is that of the check, in the loop's time: an address that keeps silent may use only its share of it.
    """

    def __init__(self, target: Target, reach: Reach, phases: Phases, deadline: float) -> None:
        self.client_name = reach.client_name
        self.address: str | None = None
        self.facts: dict[str, Fact] = {}
        self._target = target
        self._reach = reach
        self._phases = phases
        self._deadline = deadline
        self._stream: LineStream | None = None

    async def __call__(self) -> LineStream:
        """A connection to the first address that accepts one, on the very address that was checked."""
        with self._phases(Phase.RESOLVE):
            found = await self._reach.resolver.addresses(self._target.host)
            addresses = permitted(found, self._reach.allowed)[:_MOST_ADDRESSES]
        with self._phases(Phase.CONNECT):
            self._stream = await self._first(addresses)
        return self._stream

    async def encrypt(self, stream: LineStream) -> list[CheckWarning]:
        """Go on under TLS; the caller names the phase. Raises when the handshake fails, or a bad certificate matters.

        It matters wherever TLS was asked for or a password will be sent; with opportunistic TLS the other choice is
        clear text, so there it is a warning (RFC 7435).
        """
        host = self._target.host.removesuffix(".")
        session = await stream.start_tls(self._reach.trust.context, host)
        now = utc_now()
        chain = tls.peer_chain(session)
        problem = self._reach.trust.examine(chain, host, now)
        self.facts |= tls.facts(session, chain, problem, now)
        warnings = []
        if session.version() in ("TLSv1", "TLSv1.1", "SSLv3"):
            warnings.append(CheckWarning(kind=WarningKind.TLS_WEAK, detail=str(session.version())))
        if problem is None or not self._target.verify_certificate:
            return warnings
        if self._target.tls is not TlsMode.OPPORTUNISTIC or self._target.login is not None:
            raise problem
        told = f"{problem.kind}: {problem.detail}"
        return [*warnings, CheckWarning(kind=WarningKind.CERTIFICATE_INVALID, detail=told)]

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    async def _first(self, addresses: Sequence[str]) -> LineStream:
        """Try in order. When all fail, an answer that is the target's outweighs a trouble of our own."""
        blame: Exception | None = None
        for position, address in enumerate(addresses):
            self.address = address
            left = self._deadline - asyncio.get_running_loop().time()
            others = len(addresses) - position - 1
            try:
                async with asyncio.timeout(min(left / (others + 1), _LONGEST_TRY_SECONDS) if others else None):
                    return await LineStream.connect(address, self._target.port)
            except (OSError, CheckError) as error:
                if blame is None or _is_ours(blame):
                    blame = error
        assert blame is not None  # noqa: S101 - `permitted` leaves at least one address
        raise blame


def _is_ours(error: Exception) -> bool:
    return isinstance(error, CheckError) and error.source is FailureSource.AGENT
