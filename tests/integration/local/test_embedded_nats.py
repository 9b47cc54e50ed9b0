"""The embedded nats-server: its token, its port and its store."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from pathlib import Path

from deploy.local import nats
from deploy.local.supervisor import supervising


async def test_only_the_token_opens_it_and_its_store_has_a_bound(tmp_path: Path) -> None:
    server = nats.prepare(tmp_path / "nats")
    assert stat.S_IMODE(server.config.stat().st_mode) == 0o600
    log = tmp_path / "nats.log"
    async with supervising() as supervisor:
        await supervisor.start(server.part(log))
        assert await answer(server.port, server.token) == b"PONG\r\n"
        assert await answer(server.port, "wrong") == b"-ERR 'Authorization Violation'\r\n"
    assert "Max Storage:     8.00 GB" in log.read_text()
    assert server.token not in log.read_text()


async def answer(port: int, token: str) -> bytes:
    """What a client with this token is told when it says hello."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await reader.readline()
            hello = {"auth_token": token, "verbose": False}
            writer.write(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
            return await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()


def test_port_and_token_stay(tmp_path: Path) -> None:
    assert nats.prepare(tmp_path / "nats") == nats.prepare(tmp_path / "nats")


def test_a_port_taken_by_somebody_else_is_left_to_them(tmp_path: Path) -> None:
    before = nats.prepare(tmp_path / "nats")
    with socket.create_server(("127.0.0.1", before.port)):
        after = nats.prepare(tmp_path / "nats")
    assert after.port != before.port
    assert after.token == before.token
