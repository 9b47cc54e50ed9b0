"""The embedded nats-server: JetStream in a directory, on a loopback port that it keeps, for users with our keys."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from deploy.local import binaries
from deploy.local.supervisor import Part
from shared.private_files import write_private

# RESULTS and EVENTS reserve 2 and 1 GiB (controller.broker.streams); CHECKS uses what is left.
MAX_FILE_STORE = 8 * 1024**3
_GC_PERCENT = "25"
"""Go frees memory when there is a quarter more of it than is in use, not as much again: some 40 % less memory for a few
percent more CPU.
"""
_PORTS = range(20_000, 32_000)  # below the ports that outgoing connections are given on Linux and macOS


@dataclass(frozen=True, kw_only=True)
class Nats:
    """A server whose configuration `prepare` has written."""

    port: int
    config: Path
    store: Path

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def part(self, log_path: Path) -> Part:
        return Part(
            name="nats",
            command=[str(binaries.nats_server()), "--config", str(self.config)],
            environ={"PATH": os.environ.get("PATH", os.defpath), "GOGC": _GC_PERCENT},
            ready=self._ready,
            stop=((Signals.SIGTERM, 1.0),),
            death_signal=Signals.SIGTERM,
            log_path=log_path,
        )

    async def _ready(self) -> bool:
        """Whether the server greets, which it does only after JetStream was restored."""
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    return (await reader.readline()).startswith(b"INFO ")
                finally:
                    writer.close()
        except (OSError, TimeoutError, ValueError):
            return False


def prepare(folder: Path, trust: str) -> Nats:
    """Write the configuration into `folder`. The port stays the same unless another program took it. `trust` is the
    output of `mailprobe-controller trust nats-config`.

    Raises LocalError when the binary is missing, OSError.
    """
    binaries.nats_server()
    folder.mkdir(mode=0o700, exist_ok=True)
    port_file, config = folder / "kept.json", folder / "nats.conf"
    stored = json.loads(port_file.read_text()) if port_file.exists() else {}
    port = stored.get("port")
    if port is None or not is_free(port):
        port = free_port()
    write_private(port_file, json.dumps({"port": port}))
    folders = [(folder / name).resolve() for name in ("jetstream", "claims")]
    store, claims = (json.dumps(str(each)) for each in folders)
    write_private(
        config,
        f'listen: "127.0.0.1:{port}"\n'
        f"{trust}"
        f'resolver {{ type: full, dir: {claims}, allow_delete: false, interval: "2m", limit: 100000 }}\n'
        f"jetstream {{ store_dir: {store}, max_file_store: {MAX_FILE_STORE} }}\n",
    )
    return Nats(port=port, config=config, store=folders[0])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port outside the range that the system gives to outgoing connections."""
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        if is_free(port):
            return port
