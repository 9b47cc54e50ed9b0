"""How a probe reaches the servers of its target, one, several or none, and looks at DNS.

It also keeps what a result reports even when the check fails: the address, the TLS facts, the kernel's round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.dialogue.deadline import Deadline
from agent.dialogue.login import Tries, Way
from agent.dialogue.phases import Phases
from agent.dialogue.reach import Reach
from agent.dialogue.server_connection import ServerConnect
from agent.dialogue.transcript import Transcript
from agent.net.resolve import Resolver
from agent.net.stream import LineStream
from shared.wire.failures import CheckWarning
from shared.wire.messages import Fact
from shared.wire.targets import BaseDetail, BaseTarget, Server


class Connect:
    """Connects one check to its servers: `stream = await connect()`, `await connect.encrypt(stream)`; one with several
    servers calls `connect.to(server)` first.

    The result reports `facts` and `detail` whether the check passes or not; a probe may add to the facts, and set the
    detail. `tries` says for each login how often it may be tried; with `one_at_a_time` no commands are pipelined.
    """

    def __init__(
        self,
        target: BaseTarget,
        reach: Reach,
        phases: Phases,
        transcript: Transcript,
        deadline: Deadline,
        tries: Mapping[str, Tries] | None = None,
        *,
        one_at_a_time: bool = False,
    ) -> None:
        self.client_name = reach.client_name
        self.facts: dict[str, Fact] = {}
        self.detail: BaseDetail | None = None
        self._deadline = deadline
        self._target = target
        self._reach = reach
        self._phases = phases
        self._transcript = transcript
        self._tries = {} if tries is None else tries
        self._one_at_a_time = one_at_a_time
        self._to: dict[int, ServerConnect] = {}  # by identity: two endpoints may be equal

    @property
    def deadline(self) -> Deadline:
        """When the check must end; it comes nearer when commands are pipelined."""
        return self._deadline

    @property
    def resolver(self) -> Resolver:
        """For a check that looks at DNS itself."""
        return self._reach.resolver

    def to(self, server: Server) -> ServerConnect:
        """The connection to one of the target's endpoints."""
        known = self._to.get(id(server))
        if known is None:
            tries = None
            if server.login is not None:
                names = [name for name, login in self._target.logins.items() if login is server.login]
                tries = self._tries.get(names[0]) if names else None
            known = self._to[id(server)] = ServerConnect(
                server,
                self._reach,
                self._phases,
                self._transcript,
                self._deadline,
                self.facts,
                tries,
                one_at_a_time=self._one_at_a_time,
            )
        return known

    @property
    def _only(self) -> ServerConnect:
        [server] = self._target.endpoints
        return self.to(server)

    async def __call__(self) -> LineStream:
        """Connect to the only server; see ServerConnect."""
        return await self._only()

    async def encrypt(self, stream: LineStream) -> list[CheckWarning]:
        """Change to TLS at the only server; see ServerConnect."""
        return await self._only.encrypt(stream)

    def decide_pipelining(self) -> bool:
        """Decide whether to send the only server the last commands in one packet; see ServerConnect."""
        return self._only.decide_pipelining()

    @property
    def pipelined(self) -> bool:
        """Whether a server got several commands at once."""
        return any(each.pipelined_after is not None for each in self._to.values())

    @property
    def pipelined_after(self) -> float:
        """The seconds that the check had taken when the first server got several commands at once; 0 if none did."""
        return next((each.pipelined_after for each in self._to.values() if each.pipelined_after is not None), 0.0)

    def learn_pipelining(self, learn: Callable[[bytes], None]) -> None:
        """Call `learn` with the key of each dialogue that could pipeline."""
        for each in self._to.values():
            each.learn_pipelining(learn)

    async def log_in(self, ways: Sequence[Way]) -> None:
        """Log in at the only server; see ServerConnect."""
        await self._only.log_in(ways)

    @property
    def address(self) -> str | None:
        """The address of the last server that was tried; None before the first."""
        tried = [each.address for each in self._to.values() if each.address is not None]
        return tried[-1] if tried else None

    @property
    def kernel_rtt_ms(self) -> float | None:
        """Of the first server."""
        return next((each.kernel_rtt_ms for each in self._to.values()), None)

    def close(self) -> None:
        for each in self._to.values():
            each.close()
