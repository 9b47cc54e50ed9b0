from __future__ import annotations

import pytest

from agent.net.tls import Trust
from shared.bus import Bus
from shared.streams import ensure_check_consumer
from shared.targets import KINDS
from tests.fakes.certificates import Certificates


@pytest.fixture(scope="session")
def trust(certificates: Certificates) -> Trust:
    return Trust(certificates.roots)


@pytest.fixture
async def ready(bus: Bus) -> Bus:
    """A bus with the consumers of location de, as the controller makes them."""
    for kind in KINDS:
        await ensure_check_consumer(bus, country="DE", location="de", kind=kind)
    return bus
