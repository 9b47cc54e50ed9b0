"""`/metrics` of a controller as a process: the metrics token, the port without one, and what refuses the start."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest

from controller.vault import new_key
from shared.metrics_listener import bound
from tests.fakes.ports import free_port
from tests.integration.test_serve_settings import found, serve

TOKEN = "0123456789abcdef" * 4


def token_file(folder: Path, text: str = TOKEN, mode: int = 0o600) -> str:
    path = folder / "metrics-token"
    path.write_text(f"{text}\n")
    path.chmod(mode)
    return str(path)


@asynccontextmanager
async def scraper(port: int, host: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=30, trust_env=False) as client:
        yield client


async def test_two_controllers_of_one_machine_are_scraped_by_token_and_by_port(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    admin = await found(database_url)
    port = free_port()
    given = {"METRICS_TOKEN_FILE": token_file(tmp_path), "METRICS_PER_MONITOR": "true"}
    log = tmp_path / "first"
    async with (
        serve(database_url, nats_url, trust_file, log, METRICS_PORT=str(port), **given) as first,
        serve(database_url, nats_url, trust_file, tmp_path / "second", **given) as second,
        scraper(port) as open_port,
    ):
        for client in (first, second):
            assert (await client.get("/metrics")).status_code == 401
            for token in (TOKEN, admin):
                answer = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
                assert (answer.status_code, "mailprobe_build_info{" in answer.text) == (200, True)
        answer = await open_port.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "mailprobe_scheduler_leading" in answer.text
        for path in ("/", "/metrics/monitors", "/healthz", "/readyz", "/api/locations", "/login"):
            answer = await open_port.get(path, headers={"Authorization": f"Bearer {admin}"})
            assert (answer.status_code, answer.text) == (404, "Not Found\n"), path
    written = log.read_text() + (tmp_path / "second").read_text()
    assert TOKEN not in written


async def test_the_metrics_port_is_on_loopback_unless_a_host_is_named(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    port = free_port()
    settings = {"METRICS_PORT": str(port)}
    async with serve(database_url, nats_url, trust_file, tmp_path / "log", **settings), scraper(port) as here:
        assert (await here.get("/metrics")).status_code == 200
        async with scraper(port, "127.0.0.2") as elsewhere:
            with pytest.raises(httpx.ConnectError):
                await elsewhere.get("/metrics")
    settings["METRICS_HOST"] = "0.0.0.0"  # noqa: S104 - this is what is tested
    async with (
        serve(database_url, nats_url, trust_file, tmp_path / "log", **settings),
        scraper(port, "127.0.0.2") as elsewhere,
    ):
        assert (await elsewhere.get("/metrics")).status_code == 200


async def test_the_metrics_port_ends_with_the_controller_and_holds_up_no_stop(
    database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    port = free_port()
    async with serve(database_url, nats_url, trust_file, tmp_path / "log", METRICS_PORT=str(port)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)  # a client that sends nothing
    assert await reader.read() == b""
    writer.close()
    assert '"event": "controller_stopped"' in (tmp_path / "log").read_text()
    bound("127.0.0.1", port).close()


async def start(database_url: str, nats_url: str, trust_file: Path, **settings: str) -> tuple[int | None, str]:
    """The exit status and the output of a controller that refuses to start."""
    chosen = {
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "TRUST_FILE": str(trust_file),
        "VAULT_KEYS": new_key().reveal(),
        "PORT": str(free_port()),
    } | settings
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller", "serve"),
        env=environment | {f"MAILPROBE_{name}": value for name, value in chosen.items()},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert output == b""
    return process.returncode, errors.decode()


async def test_a_busy_port_refuses_the_start_and_is_named(database_url: str, nats_url: str, trust_file: Path) -> None:
    with closing(bound("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for name in ("PORT", "METRICS_PORT"):
            assert await start(database_url, nats_url, trust_file, **{name: str(port)}) == (
                1,
                f"mailprobe-controller: cannot listen on 127.0.0.1 port {port}: Address already in use\n",
            )
    port = free_port()
    refused = await start(database_url, nats_url, trust_file, PORT=str(port), METRICS_PORT=str(port))
    assert refused[0] == 1
    assert refused[1].endswith(f"port {port}: Address already in use\n")


@pytest.mark.parametrize(
    ("text", "mode", "rule"),
    [
        pytest.param(TOKEN[:31], 0o600, "must hold a token of 32 visible ASCII characters or more", id="too short"),
        pytest.param("", 0o600, "must hold a token of 32 visible ASCII characters or more", id="empty"),
        pytest.param(f"{TOKEN} {TOKEN}", 0o600, "and nothing else", id="two tokens"),
        pytest.param("ü" * 40, 0o600, "visible ASCII characters", id="not ASCII"),
        pytest.param(TOKEN, 0o604, "every user of this machine may use the file", id="readable for everybody"),
        pytest.param(TOKEN, 0o602, "every user of this machine may use the file", id="writable for everybody"),
    ],
)
async def test_a_token_file_that_protects_nothing_refuses_the_start(
    nats_url: str, trust_file: Path, tmp_path: Path, text: str, mode: int, rule: str
) -> None:
    path = token_file(tmp_path, text, mode)
    status, errors = await start("postgresql://127.0.0.1/x", nats_url, trust_file, METRICS_TOKEN_FILE=path)
    [line] = errors.splitlines()
    assert (status, rule in line) == (2, True), line
    assert line.startswith("mailprobe-controller: MAILPROBE_METRICS_TOKEN_FILE: ")
    assert TOKEN[:31] not in line


async def test_a_token_file_that_is_missing_refuses_the_start(nats_url: str, trust_file: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "missing")
    assert await start("postgresql://127.0.0.1/x", nats_url, trust_file, METRICS_TOKEN_FILE=path) == (
        2,
        "mailprobe-controller: MAILPROBE_METRICS_TOKEN_FILE: cannot be read: No such file or directory\n",
    )
