"""The embedded PostgreSQL: one cluster in a directory, reachable only through a socket that only its owner can reach.

The socket's directory has mode 700, so `trust` admits nobody else, and no other program can pose as the server while it
restarts.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from urllib.parse import quote

import asyncpg

from deploy.local import LocalError, binaries
from deploy.local.files import locked
from deploy.local.identity import Identity, server_identity
from deploy.local.supervisor import Part

USER = "postgres"
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_BYTES = 107 if sys.platform == "linux" else 103  # sun_path without its NUL
_INITDB_SECONDS = 120
_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A cluster that `prepare` has created or found."""

    data: Path
    sockets: Path
    directory: Path  # of the binaries
    identity: Identity
    options: Sequence[str] = ()

    def url(self, database: str) -> str:
        """A URL for asyncpg and libpq. It holds no secret, because the mode of the socket's directory limits access."""
        return f"postgresql://{USER}@/{quote(database)}?host={quote(str(self.sockets), safe='')}"

    def part(self, log_path: Path) -> Part:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return Part(
            name="postgres",
            command=[str(self.directory / "postgres"), "-D", str(self.data), *options, *self.options],
            environ=_environ(),
            ready=self._ready,
            stop=((Signals.SIGINT, 1.5), (Signals.SIGQUIT, 0.5)),  # fast, then immediate shutdown
            death_signal=Signals.SIGINT,
            prefix=self.identity.prefix,
            log_path=log_path,
        )

    async def make_database(self, name: str) -> None:
        """Create a database unless it exists. Raises LocalError."""
        try:
            connection = await asyncpg.connect(self.url("postgres"), timeout=5, command_timeout=30)
            try:
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                    await connection.execute(f'CREATE DATABASE "{name}"')
            finally:
                await connection.close(timeout=5)
        except _ERRORS as error:
            raise LocalError(f"cannot create the database {name}: {error}") from error

    def tidy(self) -> None:
        """Remove the socket's directory, which may be outside the data folder. Call it after the server has ended."""
        with suppress(OSError):  # not empty: still in use
            self.sockets.rmdir()

    async def _ready(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url("postgres"), timeout=2)
            await connection.close(timeout=2)
        except _ERRORS:
            return False
        return True


def prepare(data: Path, *, options: Sequence[str] = (), identity: Identity | None = None) -> Postgres:
    """Find the binaries, create the cluster in `data` unless it exists, and a directory for its socket.

    Raises LocalError when a binary is missing, the data is another version's, or initdb fails.
    """
    identity = identity or server_identity()
    version = data / "PG_VERSION"
    with locked(data.with_name(data.name + ".lock"), wait=True):
        installed = binaries.postgres(int(version.read_text()) if version.exists() else None)
        if not version.exists():
            _initdb(installed.directory, data, identity)
        sockets = _socket_directory(data, identity)
        identity.own((data, sockets))
    return Postgres(data=data, sockets=sockets, directory=installed.directory, identity=identity, options=options)


def _initdb(directory: Path, data: Path, identity: Identity) -> None:
    """Create the cluster beside `data` and move it there when complete, so a killed initdb leaves no half of one."""
    fresh = data.with_name(data.name + ".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    identity.own([fresh])
    # Text sorts by code point on every machine; only the name of the character type differs.
    character_type = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    locale = ("--encoding=UTF8", "--locale=C", f"--lc-ctype={character_type}")
    command = [directory / "initdb", "-D", fresh, "--auth=trust", f"--username={USER}", *locale]
    try:
        made = subprocess.run(
            identity.wrap([str(word) for word in command]),
            capture_output=True,
            text=True,
            timeout=_INITDB_SECONDS,
            check=False,
            env=_environ(),
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"initdb did not end within {_INITDB_SECONDS} s") from None
    if made.returncode != 0:
        errors = made.stderr.strip().splitlines()
        raise LocalError(f"initdb failed: {errors[-1] if errors else f'exit status {made.returncode}'}")
    fresh.replace(data)


def _socket_directory(data: Path, identity: Identity) -> Path:
    """Beside the data, or in the temporary directory if that path is too long for a socket."""
    beside = data.with_name("sockets").resolve()
    if len(os.fsencode(beside / _SOCKET_NAME)) <= _SOCKET_BYTES:
        beside.mkdir(mode=0o700, exist_ok=True)
        return beside
    digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
    short = Path(tempfile.gettempdir()).resolve() / f"mailprobe-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if short.is_symlink() or found.st_uid not in (os.geteuid(), identity.uid) or found.st_mode & 0o077:
        raise LocalError(f"{short} is not a directory of ours alone: remove it, or choose a shorter data folder")
    return short


def _environ() -> Mapping[str, str]:
    """An environment without the user's own PostgreSQL settings and without our secrets."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ} | {"LC_ALL": "C"}
