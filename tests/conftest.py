"""Fixtures that several folders need: the embedded servers, started once per process, and skips with their reason."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

from controller.broker.streams import ensure_streams
from controller.trust import keys
from controller.trust.keys import Trust
from deploy.local import nats, postgres
from deploy.local.supervisor import Supervisor, supervising
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.wire import subjects
from tests import spread
from tests.fakes.certificates import Certificates
from tests.fakes.databases import Databases
from tests.fakes.dovecot import FULL, PASSWORD, Dovecot, missing_for_dovecot, start_dovecot
from tests.fakes.folders import data_folder
from tests.fakes.installation import REQUEST_KEY, as_controller, broker_config
from tests.fakes.postfix import Postfix, missing_for_postfix, start_postfix

REQUIRE_ALL = os.environ.get("MAILPROBE_REQUIRE_ALL") == "1"
NOT_DURABLE = ("--fsync=off", "--full_page_writes=off", "--synchronous_commit=off")

# A run in the background of a shell ignores SIGINT, and all programs that it starts would do so, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about the machine than about the code.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return spread.processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> spread.ByFile | None:
    return spread.ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    spread.sort(items)


def requires(present: object, what: str) -> None:
    """Skip the test unless `present` holds; with MAILPROBE_REQUIRE_ALL=1, as in CI, fail it."""
    if present:
        return
    if REQUIRE_ALL:
        pytest.fail(f"{what} is required here (MAILPROBE_REQUIRE_ALL=1)")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """The certificate authority of the run. It issues the certificates of the real servers too."""
    return Certificates()


@pytest.fixture(scope="session")
def postfix(certificates: Certificates) -> Iterator[Postfix]:
    """A real Postfix, whose user is Dovecot's `FULL`. A test that stops it must start it again."""
    missing = missing_for_postfix(login=True)
    requires(missing is None, str(missing))
    with start_postfix(certificates=certificates, login=(FULL, PASSWORD)) as running:
        yield running


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A real Dovecot with every mechanism it can check by itself."""
    missing = missing_for_dovecot()
    requires(missing is None, str(missing))
    with start_dovecot(certificates=certificates) as running:
        yield running


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def servers(server_folder: Path) -> AsyncIterator[Supervisor]:
    """Supervises the servers that `postgres_url` and `nats_url` start."""
    async with supervising() as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
async def postgres_url(servers: Supervisor, server_folder: Path) -> str:
    """The URL of the embedded PostgreSQL's database `postgres`, as superuser."""
    server = postgres.prepare(server_folder / "postgres", options=NOT_DURABLE)
    await servers.start(server.part(server_folder / "postgres.log"))
    return server.url("postgres")


@pytest.fixture(scope="session")
def installation() -> Trust:
    """The keys of the run's installation, which its nats-server trusts."""
    return msgspec.structs.replace(keys.new_trust(), requests=[REQUEST_KEY])


@pytest.fixture(scope="session")
def trust_file(installation: Trust, server_folder: Path) -> Path:
    """The file of these keys, as a controller reads it."""
    path = server_folder / "trust.json"
    keys.write(path, installation)
    return path


@pytest.fixture(scope="session")
async def nats_url(servers: Supervisor, server_folder: Path, installation: Trust) -> str:
    """The URL of the embedded nats-server."""
    server = nats.prepare(server_folder / "nats", broker_config(installation))
    await servers.start(server.part(server_folder / "nats.log"))
    return server.url


@pytest.fixture(scope="session")
async def databases(postgres_url: str) -> AsyncIterator[Databases]:
    async with Databases.open(postgres_url) as opened:
        yield opened


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """The URL of a migrated database that only this test uses."""
    async with databases.one() as url:
        yield url


@pytest.fixture(scope="session")
def broker(nats_url: str, installation: Trust) -> Broker:
    """The embedded nats-server, with a controller's credentials."""
    return as_controller(nats_url, installation)


@pytest.fixture
async def bus(broker: Broker) -> AsyncIterator[Bus]:
    """A connected bus; the three streams are empty and configured as the controller configures them."""
    async with Bus.open(broker, name="test") as opened:
        await opened.wait_connected()
        await _new_streams(opened)
        yield opened


async def _new_streams(bus: Bus) -> None:
    """Delete the streams and create them again, because a purged stream still drops the message ids it has received.

    One more stream stays, because nats-server may remove the directory of its last stream a moment too late.
    """
    manager = bus.client.jsm()
    await manager.add_stream(StreamConfig(name="STAYS", subjects=["test.stays"]))
    for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS):
        with suppress(NotFoundError):
            await manager.delete_stream(stream)
    await ensure_streams(bus)
