from __future__ import annotations

import pytest

from agent.net.tls import Trust
from tests.fakes.certificates import Certificates


@pytest.fixture(scope="session")
def trust(certificates: Certificates) -> Trust:
    return Trust(certificates.roots)
