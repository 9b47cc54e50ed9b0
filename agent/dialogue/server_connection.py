"""How a probe of any protocol reaches one server: resolve, check the address, connect, encrypt, log in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter

from agent.dialogue.classify import describe
from agent.dialogue.deadline import Deadline
from agent.dialogue.keys import key_of_dialogue
from agent.dialogue.login import Tries, Way, log_in
from agent.dialogue.milliseconds import to_ms
from agent.dialogue.phases import Phases
from agent.dialogue.pipelining import seconds_to_wait
from agent.dialogue.reach import Reach
from agent.dialogue.transcript import Transcript
from agent.errors import CheckError
from agent.net import tls
from agent.net.addresses import permitted
from agent.net.lookup import PATIENCE_SECONDS
from agent.net.peer_chain import peer_chain
from agent.net.race import HEAD_START_SECONDS, first_to_connect, interleaved
from agent.net.stream import LineStream
from shared.wire.failures import CheckWarning, FailureSource, Phase, WarningKind
from shared.wire.messages import Fact
from shared.wire.targets import Server, TlsMode

_MOST_ADDRESSES = 8
_SHARE_OF_A_SILENT_FAMILY = 4
"""A name server that is silent about IPv6 costs at most this part of a check's time."""


class ServerConnect:
    """Connects one check to one server; what it finds out it adds to the `facts` of the check."""

    def __init__(
        self,
        server: Server,
        reach: Reach,
        phases: Phases,
        transcript: Transcript,
        deadline: Deadline,
        facts: dict[str, Fact],
        tries: Tries | None,
        *,
        one_at_a_time: bool,
    ) -> None:
        self.client_name = reach.client_name
        self.address: str | None = None
        self.kernel_rtt_ms: float | None = None
        self.facts = facts
        self._deadline = deadline
        self._server = server
        self._reach = reach
        self._phases = phases
        self._transcript = transcript
        self._tries = tries or Tries()
        self._failed: dict[str, Exception] = {}
        self._silent: dict[str, float] = {}  # the seconds until another address had answered
        self._stream: LineStream | None = None
        self._one_at_a_time = one_at_a_time
        self._dialogue: bytes | None = None  # the key by which Pipelining knows it, once it could pipeline
        self.pipelined_after: float | None = None
        """The seconds that the check had taken when the server got several commands at once; None if it got none so."""

    async def __call__(self) -> LineStream:
        """Connect to the first address that accepts; only addresses that were checked before are tried."""
        server = self._server
        with self._phases(Phase.RESOLVE):
            found = await self._reach.resolver.addresses(
                server.address or server.host,
                server.ip_family,
                patience=min(PATIENCE_SECONDS, self._deadline.seconds_left / _SHARE_OF_A_SILENT_FAMILY),
            )
            addresses = permitted(found, self._reach.allowed)
            if len(addresses) > 1:
                addresses = interleaved(addresses)[:_MOST_ADDRESSES]
        try:
            with self._phases(Phase.CONNECT):
                stream = self._stream = await self._first(addresses)
            self.address = stream.address
        finally:
            if (others := self._other_addresses()) and len(addresses) > 1:
                self.facts["failedAddresses"] = others
        self.kernel_rtt_ms = stream.kernel_rtt_ms()
        return stream

    async def encrypt(self, stream: LineStream) -> list[CheckWarning]:
        """Change to TLS; the caller names the phase. Raises if the handshake fails, or if a bad certificate matters.

        It matters if TLS is required or a password will be sent. With opportunistic TLS the alternative is clear text,
        so it is only a warning (RFC 7435).
        """
        server = self._server
        host = server.host.removesuffix(".")
        self._transcript.note(f"TLS handshake for {host}")
        session = await stream.start_tls(self._reach.trust.context, host)
        now = self._reach.clock.now()
        certificate = self._reach.trust.examine(peer_chain(session), host, now)
        version, cipher = session.version(), session.cipher()
        self.facts["tlsVersion"] = version
        self.facts["tlsCipher"] = cipher[0] if cipher else None
        self.facts.update(certificate.facts(now))
        self._transcript.note(f"encrypted: {version}, {self.facts['tlsCipher']}")
        warnings = []
        if (weak := tls.weakness(session)) is not None:
            warnings.append(CheckWarning(kind=WarningKind.TLS_WEAK, detail=weak))
        if certificate.weak:
            warnings.append(CheckWarning(kind=WarningKind.CERTIFICATE_WEAK, detail="; ".join(certificate.weak)))
        if certificate.expires_within(server.certificate_warning_days, now):
            warnings.append(CheckWarning(kind=WarningKind.CERTIFICATE_EXPIRES_SOON, detail=certificate.ends))
        if certificate.problem is None:
            return warnings
        self._transcript.note(f"certificate: {certificate.problem}")
        if not server.verify_certificate:
            return warnings
        error = certificate.error()
        if server.tls is not TlsMode.OPPORTUNISTIC or server.login is not None:
            raise error
        detail = f"{error.kind}: {error.detail}"
        return [*warnings, CheckWarning(kind=WarningKind.CERTIFICATE_INVALID, detail=detail)]

    async def log_in(self, ways: Sequence[Way]) -> None:
        """Log in by one of the `ways`, strongest first. Raises the refusal."""
        try:
            self.facts["loginMechanism"] = await log_in(ways, self._server, self._reach.proofs, self._tries)
        finally:
            if self._tries.refused:
                self.facts["loginsRefused"] = self._tries.refused

    def decide_pipelining(self) -> bool:
        """Decide, once a check, whether to send the last commands in one packet to a server that takes that.

        If so, the fact `pipelined` says it, `pipelined_after` is set, the deadline comes nearer, so that the check can
        be repeated if the answers do not come, and only a check that passes is to be believed.
        """
        self._dialogue = key_of_dialogue(self._server)
        if self._one_at_a_time or not self._reach.pipelining.is_allowed(self._dialogue):
            return False
        used = self._phases.total_ms / 1000
        seconds = seconds_to_wait(used, self._deadline.seconds_left)
        if seconds is None:
            return False
        self._deadline.bring_nearer(seconds)
        self.facts["pipelined"] = True
        self.pipelined_after = used
        return True

    def learn_pipelining(self, learn: Callable[[bytes], None]) -> None:
        """Call `learn` with the key of the dialogue if it could pipeline."""
        if self._dialogue is not None:
            learn(self._dialogue)

    def close(self) -> None:
        self._failed.clear()  # their tracebacks hold this object, and only the garbage collector would free it
        if self._stream is not None:
            self._stream.close()

    async def _first(self, addresses: Sequence[str]) -> LineStream:
        """If no address accepts, a failure of the target counts before a problem of our own. At the deadline the
        result names an address that did not answer.
        """
        self.address = addresses[0]
        if len(addresses) == 1:
            return await self._try(addresses[0])
        try:
            return await first_to_connect(
                addresses,
                self._try,
                head_start=min(HEAD_START_SECONDS, self._deadline.seconds_left / (len(addresses) + 1)),
            )
        except (OSError, CheckError):
            self.address, blame = min(self._failed.items(), key=lambda failed: _is_ours(failed[1]))
            raise blame from None
        except asyncio.CancelledError:
            self.address = next((address for address in addresses if address not in self._failed), addresses[0])
            raise

    def _other_addresses(self) -> list[str]:
        """What became of each address that was tried, except of a silent one that the result names itself."""
        failed = [f"{address}: {describe(error)}" for address, error in self._failed.items()]
        silent = {address: waited for address, waited in self._silent.items() if address != self.address}
        return failed + [f"{address}: no answer within {to_ms(waited):.0f} ms" for address, waited in silent.items()]

    async def _try(self, address: str) -> LineStream:
        self._transcript.note(f"connecting to {address} port {self._server.port}")
        began = perf_counter()
        try:
            return await LineStream.connect(address, self._server.port, self._transcript)
        except asyncio.CancelledError:
            self._silent[address] = perf_counter() - began
            raise
        except (OSError, CheckError) as error:
            self._failed[address] = error
            self._transcript.note(f"{address}: {describe(error)}")
            raise


def _is_ours(error: Exception) -> bool:
    return isinstance(error, CheckError) and error.source is FailureSource.AGENT
