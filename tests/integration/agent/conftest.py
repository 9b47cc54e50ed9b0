from __future__ import annotations

import pytest

from agent.net.tls import Trust
from controller.broker.streams import ensure_check_consumer
from controller.trust.keys import Trust as Installation
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.targets import KINDS
from tests.fakes.certificates import Certificates
from tests.fakes.context import PRIVATE_KEY
from tests.fakes.installation import enrolled


@pytest.fixture(scope="session")
def trust(certificates: Certificates) -> Trust:
    return Trust(certificates.roots)


@pytest.fixture(scope="session")
def enrolment(nats_url: str, installation: Installation) -> Enrolment:
    """The enrolment of the agents of location de."""
    return enrolled(nats_url, installation, PRIVATE_KEY)


@pytest.fixture
async def ready(bus: Bus) -> Bus:
    """A bus with the consumers of location de, as the controller makes them."""
    for kind in KINDS:
        await ensure_check_consumer(bus, country="DE", location="de", kind=kind)
    return bus
