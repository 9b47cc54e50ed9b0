from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.certificates import Certificates
from tests.fakes.folders import data_folder
from tests.system.comparison.middlebox import Face
from tests.system.comparison.stage import INFECTED, SERVERS, Stage, Watch, name_of


@pytest.fixture(scope="package")
def stage(certificates: Certificates) -> Iterator[Stage]:
    with data_folder() as folder, Stage(folder, certificates) as running:
        yield running


@pytest.fixture(scope="package")
def filtered(stage: Stage) -> list[Watch]:
    """Monitors of unrelated servers, from whose lists the network of one location takes STARTTLS from now on. Its
    comparison lasts a minute, in which that of other monitors goes on.
    """
    box = stage.box(SERVERS)
    needs_tls = {"smtpConfig": {"requireTls": True}}
    watches = [
        *(stage.watch(f"server {address}", box, hostname=address) for address in SERVERS[:-1]),
        stage.watch("server that needs TLS", box, hostname=SERVERS[-1], **needs_tls),
    ]
    stage.wait_until_up(watches)
    box.faces[name_of(INFECTED)] = Face.STRIPPED
    return watches
