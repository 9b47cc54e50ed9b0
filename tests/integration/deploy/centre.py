"""The nats-servers that ops run, on loopback or on addresses of a test's own. They use the files of deploy/nats, with
other ports and with the files that these include.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from types import MappingProxyType

from controller.trust import claims, keys
from controller.trust.account import of_location
from deploy.local import binaries
from deploy.local.supervisor import Part
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.credentials import Credentials
from shared.nats.nkeys import public_key
from tests.conftest import requires
from tests.fakes.installation import broker_config
from tests.fakes.ports import free_port

DEPLOY = Path(__file__).parents[3] / "deploy"
CONFIGS = DEPLOY / "nats"
OPERATIONS = DEPLOY.parent / "docs" / "operations.md"
_MEMBERS = ("nats-1", "nats-2", "nats-3")
_CLIENTS, _ROUTES, _LEAVES, _MONITORING = "4222", "6222", "7422", "8222"
_ADDRESS = "0.0.0.0"  # noqa: S104 - what the files listen on, to be replaced
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """One server. `ports` maps the ports in the files to those of the test."""

    name: str
    config: Path
    ports: dict[str, int]
    environ: dict[str, str]
    address: str = _LOOPBACK

    @property
    def url(self) -> str:
        return f"tls://{self.address}:{self.ports[_CLIENTS]}"

    def part(self) -> Part:
        async def ready() -> bool:
            return b"ok" in await _http_get("127.0.0.1", self.ports[_MONITORING], "/healthz")

        return Part(
            name=self.name,
            command=[str(binaries.nats_server()), "--config", str(self.config)],
            environ=self.environ,
            ready=ready,
            stop=((Signals.SIGINT, 3.0),),  # SIGTERM lets clients go for as long as lame_duck_duration
            death_signal=Signals.SIGKILL,
            log_path=self.config.with_name("log"),
        )

    def tested(self) -> subprocess.CompletedProcess[str]:
        """Test the configuration with `nats-server -t`."""
        command = [str(binaries.nats_server()), "-t", "--config", str(self.config)]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=20, check=False)


class Centre:
    """Keys, certificates and servers of one installation, below `root`. `addresses` holds, by name, the address of each
    server that is not reached on loopback.
    """

    def __init__(self, root: Path, addresses: Mapping[str, str] = MappingProxyType({})) -> None:
        requires(shutil.which("openssl"), "openssl")
        self.root = root
        self._addresses = addresses
        self.trust = keys.new_trust()
        self.tls = root / "tls"
        self.accounts = [of_location(self.trust, code) for code in ("de-nbg", "us-nyc")]
        self._certify(*_MEMBERS)
        self._certify("leaf", option=["--server-only"])

    def _certify(self, *servers: str, option: Sequence[str] = ()) -> None:
        names = [f"{name},{self._address(name)}" for name in servers]
        command = [str(CONFIGS / "certificates"), *option, str(self.tls), *names]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def _address(self, name: str) -> str:
        return self._addresses.get(name, _LOOPBACK)

    @property
    def ca(self) -> str:
        return (self.tls / "ca.pem").read_text()

    def server(self, kind: str, name: str, **settings: str) -> Server:
        """Write a server's folder: `kind`.conf, what it includes, and its environment with `settings` (NATS_…)."""
        folder = self.root / name
        folder.mkdir()
        ports = {port: free_port() for port in (_CLIENTS, _ROUTES, _LEAVES, _MONITORING)}
        for file in CONFIGS.glob("*.conf"):
            text = file.read_text().replace(_ADDRESS, self._address(name))
            for port, free in ports.items():
                text = text.replace(f":{port}", f":{free}")
            (folder / file.name).write_text(text)
        (folder / "trust.conf").write_text(broker_config(self.trust, *self.accounts))
        variables = {
            "NAME": name,
            "STORE": str(folder / "store"),
            "ACCOUNTS": str(folder / "accounts"),
            "CERTIFICATE": str(self.tls / f"{name}.pem"),
            "KEY": str(self.tls / f"{name}.key"),
            "CA": str(self.tls / "ca.pem"),
            "ROUTES": "[]",
            **settings,
        }
        environ = {"PATH": os.environ["PATH"]} | {f"NATS_{key}": value for key, value in variables.items()}
        return Server(name, folder / f"{kind}.conf", ports, environ, self._address(name))

    def cluster(self) -> list[Server]:
        """Three servers that know each other's routes."""
        servers = [self.server("cluster", f"nats-{number}") for number in (1, 2, 3)]
        routes = ", ".join(f"tls://{server.address}:{server.ports[_ROUTES]}" for server in servers)
        for server in servers:
            server.environ["NATS_ROUTES"] = f"[{routes}]"
        return servers

    def leaf(self, centre: Server, location: Credentials) -> Server:
        """A leaf server of a location, connected to one of the centre."""
        credentials = self.root / "leaf.creds"
        credentials.write_text(location.text().reveal())
        return self.server(
            "leaf",
            "leaf",
            CENTRE=f"[tls://127.0.0.1:{centre.ports[_LEAVES]}]",
            ACCOUNT=of_location(self.trust, "de-nbg").key,
            SHARED=public_key(self.trust.guests),
            CREDENTIALS=str(credentials),
        )

    def controller(self, *servers: Server, replicas: int = 1) -> Broker:
        """The broker as a controller connects to it."""
        credentials = claims.controller_credentials(self.trust, utc_now())
        return Broker(",".join(server.url for server in servers), credentials, self.ca, replicas)

    def location(self, code: str, country: str) -> Credentials:
        return claims.location_credentials(self.trust, location=code, country=country, now=utc_now())


async def _http_get(host: str, port: int, path: str) -> bytes:
    """The whole answer to a GET with its status line; empty when nothing answers."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
