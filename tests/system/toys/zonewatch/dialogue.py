"""Looks a name up once a second, for as long as the target says."""

from __future__ import annotations

import asyncio
from time import monotonic

from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from shared.wire.failures import FailureKind, Phase
from tests.system.toys.zonewatch.target import ZonewatchDetail, ZonewatchTarget

_PAUSE_SECONDS = 1.0


async def probe(target: ZonewatchTarget, connect: Connect, phases: Phases) -> Findings:
    """Raises CheckError at the first lookup that does not find the address."""
    until, lookups = monotonic() + target.watch_seconds, 0
    with phases(Phase.RESOLVE):
        while True:
            found, lookups = [*await connect.resolver.addresses(target.domain)], lookups + 1
            connect.detail = ZonewatchDetail(lookups=lookups, addresses=found)
            if target.address not in found:
                raise CheckError(FailureKind.DNS_NOT_FOUND, f"{target.address} is not among {', '.join(found)}")
            if monotonic() >= until:
                return Findings()
            await asyncio.sleep(_PAUSE_SECONDS)
