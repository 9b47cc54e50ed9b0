"""The embedded PostgreSQL: the user it runs as, its socket, and that its data keeps its place and owner."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.local import LocalError, postgres
from deploy.local.identity import Identity, identities
from deploy.local.postgres import Postgres
from deploy.local.supervisor import supervising
from tests.conftest import NOT_DURABLE, requires

WAYS = identities()


@asynccontextmanager
async def running(server: Postgres, folder: Path) -> AsyncIterator[dict[str, int]]:
    async with supervising(pause_seconds=0.5) as supervisor:
        await supervisor.start(server.part(folder / "postgres.log"))
        yield supervisor.pids


async def scalar(server: Postgres, statement: str, database: str = "postgres") -> object:
    connection = await asyncpg.connect(server.url(database), timeout=20)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("identity", WAYS, ids=lambda way: " ".join(way.prefix[:2]) or "as the user")
async def test_it_serves_from_a_closed_folder_and_opens_no_directory(tmp_path: Path, identity: Identity) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    server = postgres.prepare(folder / "postgres", options=NOT_DURABLE, identity=identity)
    async with running(server, folder):
        await server.make_database("mailprobe")
        await server.make_database("mailprobe")
        assert await scalar(server, "SELECT current_setting('server_encoding')", "mailprobe") == "UTF8"
        assert await scalar(server, "SELECT lower('Ä') || ('a' < 'B')::text") == "äfalse"
        assert await scalar(server, "SHOW listen_addresses") == ""
    found = folder.stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (os.geteuid(), 0o700)
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


async def test_its_data_is_there_again_whoever_it_runs_as(tmp_path: Path) -> None:
    for count, identity in enumerate([*WAYS, *WAYS]):
        # What is committed must be on disk, because a server that does not end in time is killed.
        server = postgres.prepare(tmp_path / "postgres", options=("--fsync=off",), identity=identity)
        async with running(server, tmp_path):
            await scalar(server, "CREATE TABLE IF NOT EXISTS kept AS SELECT 'kept' AS word")
            await scalar(server, "INSERT INTO kept VALUES ('kept')")
            assert await scalar(server, "SELECT count(*) FROM kept") == count + 2


async def test_it_comes_back_when_it_is_killed(tmp_path: Path) -> None:
    server = postgres.prepare(tmp_path / "postgres", options=NOT_DURABLE)
    async with running(server, tmp_path) as pids:
        os.kill(pids["postgres"], signal.SIGKILL)
        async with asyncio.timeout(30):
            while True:
                try:
                    assert await scalar(server, "SELECT 1") == 1
                    break
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await asyncio.sleep(0.05)


async def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    server = postgres.prepare(deep / "postgres", options=NOT_DURABLE)
    try:
        assert server.sockets == postgres.prepare(deep / "postgres").sockets
        assert not server.sockets.is_relative_to(deep)
        async with running(server, deep):
            assert await scalar(server, "SELECT 1") == 1
        server.sockets.chmod(0o755)
        with pytest.raises(LocalError, match="not a directory of ours alone"):
            postgres.prepare(deep / "postgres")
    finally:
        shutil.rmtree(server.sockets)  # a killed server leaves its socket behind


def test_data_of_a_version_that_is_not_here_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(LocalError, match="the data is PostgreSQL 9's, but only version"):
        postgres.prepare(tmp_path / "postgres")


def test_an_initdb_that_was_killed_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = postgres.prepare(tmp_path / "postgres")
    assert (server.data / "global" / "pg_control").exists()
    assert not half.exists()


def test_another_user_cannot_reach_the_socket() -> None:
    requires(os.geteuid() == 0 and shutil.which("setpriv"), "root and setpriv")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = postgres.prepare(Path(folder) / "postgres")
        listing = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "ls"]
        assert subprocess.run([*listing, folder], check=False).returncode == 0
        assert subprocess.run([*listing, server.sockets], check=False, stderr=subprocess.DEVNULL).returncode != 0
