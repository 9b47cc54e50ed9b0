"""What all checks of an agent share to reach their targets."""

from __future__ import annotations

import msgspec

from agent.dialogue.login import Proofs
from agent.dialogue.pipelining import Pipelining
from agent.net import tls
from agent.net.resolve import Resolver
from shared.addresses import Network
from shared.wire.broker_clock import BrokerClock


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What all checks of an agent share to reach their targets. `client_name` is the name that probes say in EHLO."""

    resolver: Resolver
    trust: tls.Trust
    client_name: str
    allowed: tuple[Network, ...] = ()
    proofs: Proofs = msgspec.field(default_factory=Proofs)
    pipelining: Pipelining = msgspec.field(default_factory=Pipelining)
    clock: BrokerClock = msgspec.field(default_factory=BrokerClock)
