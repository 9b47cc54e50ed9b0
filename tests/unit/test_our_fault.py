"""What an agent cannot do is not the server's fault."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from agent.fitness import our_fault
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import Unfitness
from shared.wire.targets import IpFamily, SmtpTarget

ALL = [Unfitness.PORT25_BLOCKED, Unfitness.NO_IPV4, Unfitness.NO_IPV6, Unfitness.RESOLVER_BROKEN]
V4, V6 = "93.184.215.14", "2606:2800:21f::1"


@pytest.mark.parametrize(
    ("unfit", "port", "phase", "address", "family", "source"),
    [
        pytest.param(ALL[:1], 25, Phase.CONNECT, V4, IpFamily.ANY, FailureSource.AGENT, id="port 25 is blocked"),
        pytest.param(ALL[:1], 587, Phase.CONNECT, V4, IpFamily.ANY, None, id="port 587 is not port 25"),
        pytest.param(ALL[:1], 25, Phase.GREETING, V4, IpFamily.ANY, None, id="port 25 was not blocked after all"),
        pytest.param(ALL[:1], 25, Phase.CONNECT, "10.1.2.3", IpFamily.ANY, None, id="port 25 of a network of our own"),
        pytest.param([], 25, Phase.CONNECT, V4, IpFamily.ANY, None, id="fit"),
        pytest.param(ALL[2:3], 587, Phase.CONNECT, V6, IpFamily.ANY, FailureSource.AGENT, id="no way to IPv6"),
        pytest.param(ALL[2:3], 587, Phase.CONNECT, None, IpFamily.IPV6, FailureSource.AGENT, id="IPv6 was asked for"),
        pytest.param(ALL[2:3], 587, Phase.CONNECT, V4, IpFamily.ANY, None, id="IPv4 is another matter than IPv6"),
        pytest.param(ALL[1:2], 587, Phase.CONNECT, V4, IpFamily.ANY, FailureSource.AGENT, id="no way to IPv4"),
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
