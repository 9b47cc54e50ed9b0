"""A broker on another machine is used only over TLS and with a known certificate authority."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
import structlog
import trustme
from msgspec import structs

from agent.settings import read_settings
from controller.trust.claims import location_credentials
from controller.trust.keys import Trust
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.credentials import Credentials
from shared.wire.enrolment import write
from tests.conftest import requires
from tests.fakes.context import PRIVATE_KEY
from tests.fakes.installation import broker_config, enrolled
from tests.fakes.listening import Listener
from tests.integration.pipeline.small_installation import eventually

NO_TLS = "the server does not require TLS, which Mailprobe needs outside this machine"


@pytest.fixture(scope="module")
def address() -> str:
    """An address of this machine that is not loopback."""
    found = "127.0.0.1"
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as outward, suppress(OSError):
        outward.connect(("192.0.2.1", 25))  # this chooses the source address and sends nothing
        found = outward.getsockname()[0]
    requires(found != "127.0.0.1", "an address besides loopback")
    return found


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def german(installation: Trust) -> Credentials:
    return location_credentials(installation, location="de", country="DE", now=utc_now())


@asynccontextmanager
async def server(folder: Path, trust: Trust, tls: trustme.LeafCert | None) -> AsyncIterator[int]:
    """Run a nats-server that listens on every address, and yield its port."""
    made = nats.prepare(folder, broker_config(trust))
    config = made.config.read_text().replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - the point of the test
    if tls is not None:
        chain, key = folder / "server.pem", folder / "server.key"
        tls.cert_chain_pems[0].write_to_path(chain)
        tls.private_key_pem.write_to_path(key)
        config += f'tls {{ cert_file: "{chain}", key_file: "{key}", timeout: 10 }}\n'  # the default is 2 s
    made.config.write_text(config)
    async with supervising() as supervisor:
        await supervisor.start(made.part(folder / "nats.log"))
        yield made.port


@asynccontextmanager
async def eavesdropper(host: str) -> AsyncIterator[tuple[int, list[bytes]]]:
    """An impostor that answers as a nats-server without TLS: its port, and what clients sent on each connection."""
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = {"server_id": "x", "version": "2.15.1", "max_payload": 1024, "auth_required": True, "nonce": "sign this"}
        writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
        with suppress(OSError):
            received.append(await reader.read())

    async with Listener(answer, host) as listener:
        yield listener.port, received


async def connects(broker: Broker) -> str | None:
    """None when it connects, else its first error."""
    with structlog.testing.capture_logs() as logged:
        async with Bus.open(broker, name="agent") as bus:

            async def decided() -> bool:
                return bus.connected or any(line["log_level"] != "info" for line in logged)

            await eventually(decided)
            return None if bus.connected else str(next(line["error"] for line in logged if line["log_level"] != "info"))


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_a_server_that_asks_for_no_tls_gets_no_login(address: str, german: Credentials, scheme: str) -> None:
    async with eavesdropper(address) as (port, received):
        assert await connects(Broker(f"{scheme}://{address}:{port}", german)) == NO_TLS

        async def hung_up() -> bool:
            return bool(received)

        await eventually(hung_up)
    assert set(received) == {b""}


async def test_on_loopback_too_when_the_url_says_tls(german: Credentials) -> None:
    async with eavesdropper("127.0.0.1") as (port, received):
        assert await connects(Broker(f"tls://127.0.0.1:{port}", german)) == NO_TLS
    assert set(received) <= {b""}


async def test_a_real_server_without_tls_is_refused_outside_and_used_on_this_machine(
    address: str, german: Credentials, installation: Trust, tmp_path: Path
) -> None:
    async with server(tmp_path, installation, None) as port:
        assert await connects(Broker(f"nats://{address}:{port}", german)) == NO_TLS
        assert await connects(Broker(f"nats://127.0.0.1:{port}", german)) is None


async def test_a_server_of_ones_own_authority_is_believed_by_the_enrolment_that_names_it(
    address: str, authority: trustme.CA, installation: Trust, tmp_path: Path
) -> None:
    async with server(tmp_path, installation, authority.issue_cert(address)) as port:
        made = enrolled(f"nats://{address}:{port}", installation, PRIVATE_KEY)
        made = structs.replace(made, nats_ca=authority.cert_pem.bytes().decode())
        write(tmp_path / "de.agent", made)
        assert await connects(read_settings(enrolment=str(tmp_path / "de.agent")).broker) is None


@pytest.mark.parametrize(
    ("ca", "names", "problem"),
    [
        pytest.param("another's", None, "self-signed certificate in certificate chain|unable to get", id="another CA"),
        pytest.param(
            None, None, "self-signed certificate in certificate chain|unable to get", id="no CA of the installation"
        ),
        pytest.param("ours", "nats.example.net", "IP address mismatch", id="a certificate for another name"),
    ],
)
async def test_a_server_with_a_bad_certificate_is_logged_and_refused(
    address: str,
    authority: trustme.CA,
    german: Credentials,
    installation: Trust,
    tmp_path: Path,
    ca: str | None,
    names: str | None,
    problem: str,
) -> None:
    authorities = {"another's": trustme.CA(), "ours": authority}
    pem = authorities[ca].cert_pem.bytes().decode() if ca else None
    async with server(tmp_path, installation, authority.issue_cert(names or address)) as port:
        error = await connects(Broker(f"nats://{address}:{port}", german, pem))
        assert error
        assert "certificate verify failed" in error
        assert any(words in error for words in problem.split("|"))
