"""The words of a verdict's reason, which a kind of monitor may state for itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from shared.wire.failures import Failure, Phase

_CANNOT: Mapping[Phase, str] = MappingProxyType(
    {
        Phase.RESOLVE: "cannot resolve the name",
        Phase.CONNECT: "cannot connect",
        Phase.TLS: "cannot negotiate TLS",
        Phase.GREETING: "get no proper greeting",
        Phase.EHLO: "get no proper answer to EHLO",
        Phase.CAPABILITIES: "get no capabilities",
        Phase.STARTTLS: "cannot start TLS",
        Phase.AUTH: "cannot log in",
        Phase.MAILBOX: "cannot open the mailbox",
        Phase.ENVELOPE: "cannot set sender and recipient",
        Phase.QUIT: "cannot close the session",
    }
)


@dataclass(frozen=True, kw_only=True)
class VerdictWords:
    """How a reason speaks of what a kind checks: "2 of 3 countries cannot connect: refused; US passes".

    `subject` is what may refuse us. `passes` is what a location does whose check passes, and what several do. `cannot`
    are what locations cannot do, by the phase in which a check failed, before the usual words of that phase; `fail` is
    for a failure without a phase.
    """

    subject: str = "server"
    passes: tuple[str, str] = ("passes", "pass")
    fail: str = "fail"
    cannot: Mapping[Phase, str] = field(default_factory=dict)

    def passing(self, number: int) -> str:
        """What so many locations do whose checks pass."""
        return self.passes[number != 1]

    def failed(self, failure: Failure | None) -> str:
        """For example "cannot connect: refused"."""
        if failure is None:
            return self.fail
        kind = failure.kind.value.replace("_", " ")
        phase = failure.phase
        words = self.fail if phase is None else self.cannot.get(phase) or _CANNOT.get(phase) or self.fail
        return f"{words}: {kind}"


USUAL = VerdictWords()
