"""The probe context as `mailprobe-agent` composes it, for tests that run checks; only its loop lag may be a fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID, uuid4

from agent.checks.loop_lag import LoopLag
from agent.checks.runner import ProbeContext
from agent.dialogue.reach import Reach
from agent.net.resolve import Resolver
from agent.net.tls import Trust
from shared.clock import utc_now
from shared.secret import Secret
from shared.wire.messages import CheckRequest
from shared.wire.rounds import Purpose
from shared.wire.sealing import new_key_pair, seal_login
from shared.wire.targets import Login, Target
from tests.fakes.certificates import Certificates

PRIVATE_KEY, PUBLIC_KEY = new_key_pair()
LOCATION = "de"
CLIENT_NAME = "probe.mailprobe.test"


@asynccontextmanager
async def context(
    certificates: Certificates,
    *,
    allow: Sequence[str] = ("127.0.0.0/8", "::1/128"),
    nameservers: Sequence[str] = (),
    control_name: str = "localhost",
    punctual: bool = False,
) -> AsyncIterator[ProbeContext]:
    """A `punctual` context never reports loop lag, so that a timeout is always the server's fault."""
    lag = LoopLag(clock=lambda: 0.0) if punctual else LoopLag()
    with lag.watching():
        async with Resolver.open(control_name, nameservers) as resolver:
            yield ProbeContext(
                agent="test-1",
                location=LOCATION,
                country="DE",
                sealing_key=PRIVATE_KEY,
                reach=Reach(
                    resolver=resolver,
                    trust=Trust(certificates.roots),
                    client_name=CLIENT_NAME,
                    allowed=tuple(ip_network(network) for network in allow),
                ),
                lag=lag,
            )


def request(
    target: Target,
    *,
    login: tuple[str, str] | None = None,
    timeout_seconds: float = 5.0,
    location: str = LOCATION,
    start_in_seconds: float = 30.0,
    monitor_id: UUID | None = None,
    want_transcript: bool = False,
) -> CheckRequest:
    """A request as the dispatcher would send it; the login is sealed to `PUBLIC_KEY`."""
    monitor = monitor_id or uuid4()
    now = utc_now()
    sealed = (
        seal_login(Login(login[0], Secret(login[1])), PUBLIC_KEY, monitor=monitor, location=location) if login else None
    )
    return CheckRequest(
        check_id=uuid4(),
        monitor_id=monitor,
        location=location,
        country="DE",
        purpose=Purpose.SCHEDULED,
        due_at=now,
        start_by=now + timedelta(seconds=start_in_seconds),
        timeout_seconds=timeout_seconds,
        target=target,
        sealed_login=sealed,
        want_transcript=want_transcript,
    )
