"""deploy/systemd/backup writes what brings an installation back: monitors, history, and secrets that decrypt."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from controller.store.monitors import configs
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from deploy.local import binaries
from shared.clock import utc_now
from shared.wire.sealing import new_key_pair
from tests.integration.deploy.centre import DEPLOY
from tests.integration.test_serve_settings import found, serve

PASSWORD = "correct-horse-battery-staple"
RESULTS = 50
_SCRIPTS = "/opt/mailprobe/deploy/systemd"


class Installation:
    """An installation's files below `root` instead of `/`, and the scripts of deploy/systemd that work on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "etc" / "mailprobe"
        self.settings.mkdir(parents=True)
        (root / "etc" / "nats").mkdir()
        (root / "etc" / "nats" / "trust.conf").write_text("operator: x\n")
        for name in ("backup", "with-database"):
            text = (DEPLOY / "systemd" / name).read_text()
            for path, here in (
                ("cd /etc", f"cd {root}/etc"),
                ("/etc/mailprobe", str(self.settings)),
                (_SCRIPTS, str(root)),
            ):
                text = text.replace(path, here)
            (root / name).write_text(text)
            (root / name).chmod(0o755)

    def run(self, script: str, *arguments: str | Path) -> str:
        environ = os.environ | {"PATH": f"{binaries.postgres().directory}:{os.environ['PATH']}"}
        command = [str(self.root / script), *map(str, arguments)]
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def vault(self) -> Vault:
        return Vault(VaultKeys((self.settings / "vault-keys").read_text()))


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database without a table."""
    connection = await asyncpg.connect(postgres_url, timeout=30)
    name = f"restored_{os.urandom(6).hex()}"
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield postgres_url.replace("/postgres?", f"/{name}?")
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


async def _read(api: httpx.AsyncClient, monitor: str) -> dict[str, Any]:
    """What a person sees of the installation."""
    pages = {
        "monitors": "/api/smtp-monitors",
        "history": f"/api/smtp-monitors/{monitor}/check-history?limit=100",
        "customers": "/api/customers",
    }
    answers = {name: await api.get(path) for name, path in pages.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.json() for name, answer in answers.items()}


async def _fill(api: httpx.AsyncClient, database: Database) -> str:
    """A monitor with a password, a location, and results of the last hour; the monitor's public id."""
    [customer] = (await api.get("/api/customers")).json()
    monitor = {
        "customerId": customer["id"],
        "name": "Outbound SMTP",
        "hostname": "smtp.example.com",
        "smtpConfig": {"auth": {"user": "alice", "pass": PASSWORD}},
        "status": "paused",
    }
    made = await api.post("/api/smtp-monitors", json=monitor)
    assert made.status_code == 200, made.text
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ('de-nbg', 'Nuremberg', 'DE', $1)",
            new_key_pair()[1],
        )
        await connection.execute(
            "INSERT INTO result"
            " (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)"
            " SELECT monitor.id, $1::timestamptz - n * interval '1 minute', location.id, 'scheduled', 'success', n,"
            " $1::timestamptz - n * interval '1 minute', 'agent-1', '[]'"
            " FROM monitor, location, generate_series(1, $2::int) AS n",
            utc_now() - timedelta(seconds=30),
            RESULTS,
        )
    public_id: str = made.json()["publicId"]
    return public_id


async def test_a_backup_restored_into_an_empty_database_shows_monitors_history_and_secrets(
    database_url: str, empty_database_url: str, nats_url: str, trust_file: Path, tmp_path: Path
) -> None:
    old, new = Installation(tmp_path / "old"), Installation(tmp_path / "new")
    keys = new_key().reveal()
    (old.settings / "database-url").write_text(f"{database_url}\n")
    (old.settings / "vault-keys").write_text(f"{keys}\n")
    shutil.copy(trust_file, old.settings / "controller.trust")
    token = await found(database_url)
    async with serve(database_url, nats_url, trust_file, tmp_path / "old.log", VAULT_KEYS=keys) as api:
        api.headers["Authorization"] = f"Bearer {token}"
        async with Database.open(database_url) as database:
            monitor = await _fill(api, database)
        folder = Path(old.run("backup", tmp_path / "backups").strip())
        before = await _read(api, monitor)
    assert len(before["history"]["data"]) == RESULTS

    with tarfile.open(folder / "etc.tar") as etc:
        assert "nats/trust.conf" in etc.getnames()
        etc.extractall(new.root / "etc", filter="data")
    for name in ("vault-keys", "controller.trust"):
        assert (new.settings / name).read_bytes() == (old.settings / name).read_bytes()
    (new.settings / "database-url").write_text(f"{empty_database_url}\n")
    new.run("with-database", "pg_restore", "--no-owner", "--exit-on-error", folder / "database")

    settings = {"VAULT_KEYS": (new.settings / "vault-keys").read_text().strip()}
    trust = new.settings / "controller.trust"
    async with serve(empty_database_url, nats_url, trust, tmp_path / "new.log", **settings) as api:
        api.headers["Authorization"] = f"Bearer {token}"
        assert await _read(api, monitor) == before
    async with Database.open(empty_database_url) as database:
        [stored] = await configs.after(database, configs.Table.MONITOR, 0)
    assert PASSWORD not in stored.text
    revealed = new.vault().reveal(stored.config)
    assert revealed["auth"]["pass"] == PASSWORD


def test_a_backup_is_readable_by_its_owner_alone_and_whole_or_not_there(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    (installation.settings / "database-url").write_text("postgresql://nobody@127.0.0.1:1/mailprobe\n")
    command = [str(tmp_path / "backup"), str(tmp_path / "backups")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode != 0
    [left] = (tmp_path / "backups").iterdir()
    assert left.name.endswith(".partial")
    assert left.stat().st_mode & 0o077 == 0
