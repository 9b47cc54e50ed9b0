"""A checker with limits of its own, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, time

from agent.throttling.limiter import Limiter
from agent.throttling.permits import Permits
from agent.throttling.refused_logins_file import remembering
from agent.throttling.throttled_check import Checker
from shared.addresses import Network
from shared.wire.messages import Unfitness
from tests.fakes.certificates import Certificates
from tests.fakes.context import context
from tests.fakes.scripted_server import Script

DIALOGUE: Script = ("S: 220 x", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 x")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def checking(
    certificates: Certificates,
    *,
    at_once: int = 2,
    per_second: float = 1000,
    exempt: Sequence[Network] = (),
    unfit: Sequence[Unfitness] = (),
    clock: Clock | None = None,
    refused_logins: Path | None = None,
) -> AsyncIterator[Checker]:
    """The checks of an agent with these limits, which keeps refused logins in the file `refused_logins`."""
    seconds = clock or monotonic
    async with remembering(refused_logins, seconds, clock or time) as logins, context(certificates) as probe_context:
        limiter = Limiter(Permits(at_once=at_once, per_second=per_second, most_waiting=50), logins, seconds)
        limiter.found(list(unfit))
        yield Checker(probe_context, limiter, exempt=exempt)
