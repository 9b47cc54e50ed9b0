"""The client address that a controller uses: the peer's own, unless a trusted proxy names another."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from controller.operations.accounts.passwords import Passwords
from controller.store.accounts import organizations, tokens
from controller.store.accounts.organizations import FirstAccount
from controller.store.platform.pool import Database
from controller.vault import new_key
from tests.fakes.ports import free_port
from tests.integration.pipeline.small_installation import eventually

PASSWORD = "correct horse battery staple"


@asynccontextmanager
async def serve(
    database_url: str, nats_url: str, trust_file: Path, log: Path, **settings: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A controller as a process, ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    settings = {
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "TRUST_FILE": str(trust_file),
        "VAULT_KEYS": new_key().reveal(),
        "PORT": str(free_port()),
        "DRAIN_SECONDS": "1",
        **settings,
    }
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "controller", "serve"),
            env=environment | {f"MAILPROBE_{name}": value for name, value in settings.items()},
            stdout=output,
            stderr=output,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings['PORT']}", timeout=30) as client:
            await eventually(lambda: ready(client))
            yield client
    finally:
        process.terminate()
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise


async def ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def found(database_url: str) -> str:
    """An organization with an admin whose password is PASSWORD; its token."""
    token = tokens.new_token()
    first = FirstAccount(
        organization="O",
        customer="C",
        email="a@example.com",
        password_hash=await Passwords().hash(PASSWORD),
        token=token,
    )
    async with Database.open(database_url) as database, organizations.insert_first(database, first):
        pass
    return token.reveal()


async def recorded_addresses(database_url: str) -> list[str]:
    """The addresses in the audit log."""
    async with Database.open(database_url) as database, database.connection() as connection:
        return [row["address"] for row in await connection.fetch("SELECT address FROM audit ORDER BY id")]


def forwarded(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}


LOGIN = {"email": "a@example.com", "password": PASSWORD}


async def test_a_hundred_requests_a_minute_is_the_default(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    token = await found(database_url)
    async with serve(database_url, nats_url, trust_file, tmp_path / "log") as client:
        answer = await client.get("/api/locations", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["x-ratelimit-limit"]) == (200, "100")


async def test_no_client_is_trusted_as_a_proxy_by_default(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    await found(database_url)
    async with serve(database_url, nats_url, trust_file, tmp_path / "log", RATE_LIMIT="2") as client:
        login = await client.post("/api/session", json=LOGIN, headers=forwarded("192.0.2.1"))
        assert login.status_code == 200
        assert "secure" not in login.headers["set-cookie"].lower()
        assert await recorded_addresses(database_url) == ["127.0.0.1"]
        client.cookies.clear()
        statuses = [
            (await client.get("/api/locations", headers=forwarded(f"192.0.2.{number}"))).status_code
            for number in range(3)
        ]
        assert statuses == [401, 429, 429]


async def test_a_trusted_proxy_says_who_the_client_is(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    await found(database_url)
    settings = {"RATE_LIMIT": "2", "TRUSTED_PROXIES": "127.0.0.0/8, ::1"}
    async with serve(database_url, nats_url, trust_file, tmp_path / "log", **settings) as client:
        login = await client.post("/api/session", json=LOGIN, headers=forwarded("192.0.2.1"))
        assert login.status_code == 200
        assert "secure" in login.headers["set-cookie"].lower()
        assert await recorded_addresses(database_url) == ["192.0.2.1"]
        client.cookies.clear()
        statuses = [
            (await client.get("/api/locations", headers=forwarded(f"192.0.2.{number}"))).status_code
            for number in range(4)
        ]
        assert statuses == [401] * 4
