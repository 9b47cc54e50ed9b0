"""A failure that comes of what the agent cannot do is not the server's fault."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from agent.fitness import our_fault
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import Unfitness
from shared.wire.targets import IpFamily
from shared.wire.targets.smtp import SmtpTarget

ALL = [Unfitness.PORT25_BLOCKED, Unfitness.NO_IPV4, Unfitness.NO_IPV6, Unfitness.RESOLVER_BROKEN]
V4, V6 = "93.184.215.14", "2606:2800:21f::1"


@pytest.mark.parametrize(
    ("unfit", "port", "phase", "address", "family", "source"),
    [
        pytest.param(ALL[:1], 25, Phase.CONNECT, V4, IpFamily.ANY, FailureSource.AGENT, id="port 25 is blocked"),
        pytest.param(ALL[:1], 587, Phase.CONNECT, V4, IpFamily.ANY, None, id="port 587 is not port 25"),
        pytest.param(ALL[:1], 25, Phase.GREETING, V4, IpFamily.ANY, None, id="a port 25 that connected is not blocked"),
        pytest.param(
            ALL[:1],
            25,
            Phase.CONNECT,
            "10.1.2.3",
            IpFamily.ANY,
            None,
            id="port 25 of an allowed network is not blocked",
        ),
        pytest.param([], 25, Phase.CONNECT, V4, IpFamily.ANY, None, id="fit"),
        pytest.param(
            ALL[2:3],
            587,
            Phase.CONNECT,
            V6,
            IpFamily.ANY,
            FailureSource.AGENT,
            id="without a route an IPv6 address is our fault",
        ),
        pytest.param(
            ALL[2:3],
            587,
            Phase.CONNECT,
            None,
            IpFamily.IPV6,
            FailureSource.AGENT,
            id="without a route a target that requires IPv6 is our fault",
        ),
        pytest.param(
            ALL[2:3], 587, Phase.CONNECT, V4, IpFamily.ANY, None, id="without a route for IPv6, IPv4 is not our fault"
        ),
        pytest.param(
            ALL[1:2],
            587,
            Phase.CONNECT,
            V4,
            IpFamily.ANY,
            FailureSource.AGENT,
            id="without a route an IPv4 address is our fault",
        ),
        pytest.param(ALL[3:], 587, Phase.RESOLVE, None, IpFamily.ANY, FailureSource.RESOLVER, id="name servers broken"),
        pytest.param(ALL[:3], 25, Phase.RESOLVE, None, IpFamily.ANY, None, id="name servers answer"),
    ],
)
def test_a_failure_that_our_own_inability_explains_is_our_own(
    unfit: list[Unfitness],
    port: int,
    phase: Phase,
    address: str | None,
    family: IpFamily,
    source: FailureSource | None,
) -> None:
    failure = Failure(kind=FailureKind.TIMEOUT, source=FailureSource.TARGET, phase=phase, detail="silent")
    target = SmtpTarget(host="mail.example.com", port=port, ip_family=family)
    ours = our_fault(failure, target, address, unfit, [ip_network("10.0.0.0/8")])
    assert (ours and ours.source) == source
    assert ours is None or ours.detail.endswith("silent")


@pytest.mark.parametrize(
    ("phase", "address", "source"),
    [
        pytest.param(Phase.RESOLVE, None, FailureSource.RESOLVER, id="its names are not resolved"),
        pytest.param(Phase.CONNECT, V4, FailureSource.AGENT, id="no address of that family is reached"),
        pytest.param(Phase.CONNECT, None, None, id="nobody knows to which address"),
    ],
)
def test_a_target_without_servers_is_not_at_fault_either(
    phase: Phase, address: str | None, source: FailureSource | None
) -> None:
    failure = Failure(kind=FailureKind.TIMEOUT, source=FailureSource.TARGET, phase=phase, detail="silent")
    ours = our_fault(failure, None, address, ALL, [])
    assert (ours and ours.source) == source
