"""`rotate-keys` while users change monitors: every secret ends under the first key, and no change is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.operations.installation.keys import rotate_keys
from controller.store.monitors import configs, monitors
from controller.store.monitors.configs import BATCH, Table
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from tests.integration.test_commands import run

OLD, NEW = new_key().reveal(), new_key().reveal()
CONFIG: dict[str, Any] = {
    "auth": {"user": "u", "pass": "hunter2"},
    "headers": [{"accessToken": "t"}, {"plain": 1}],
    "secret": {"deep": [1, 2]},
}
SECRETS = 3


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url) as opened:
        yield opened


async def value(database: Database, query: str, *arguments: object) -> Any:
    async with database.connection() as connection:
        return await connection.fetchval(query, *arguments)


async def fill(database: Database, count: int, vault: Vault) -> None:
    organization = await value(database, "INSERT INTO organization (name) VALUES ('O') RETURNING id")
    customer = await value(
        database, "INSERT INTO customer (organization_id, name) VALUES ($1, 'C') RETURNING id", organization
    )
    config = vault.conceal(CONFIG, None, field="smtpConfig")
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
            " timeout_seconds, config) SELECT $1, $2, 'smtp', 'M', 'h.example.com', 'active', 60, 30, $3"
            " FROM generate_series(1, $4)",
            organization,
            customer,
            config,
            count,
        )


async def test_every_secret_ends_under_the_first_key_and_nothing_else_moves(
    database: Database, database_url: str
) -> None:
    await fill(database, BATCH + 3, Vault(VaultKeys(OLD)))
    await value(database, "UPDATE monitor SET config = '{}' WHERE id = 1")
    await value(database, "UPDATE monitor SET deleted_at = now() WHERE id = 2")
    before = await value(database, "SELECT json_agg(to_jsonb(m) - 'config' ORDER BY id)::text FROM monitor m")
    done = run("rotate-keys", DATABASE_URL=database_url, VAULT_KEYS=f"{NEW},{OLD}")
    changed = BATCH + 2
    owners = "monitors, channels and sign-ons"
    expected = f"re-encrypted {changed * SECRETS} secrets of {changed} {owners} with the first key\n"
    assert (done.returncode, done.stdout) == (0, expected), done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert before == await value(database, "SELECT json_agg(to_jsonb(m) - 'config' ORDER BY id)::text FROM monitor m")
    new_alone = Vault(VaultKeys(NEW))
    last, monitors_read = 0, 0
    while batch := await configs.after(database, Table.MONITOR, last):
        last = batch[-1].id
        for stored in batch:
            assert new_alone.reveal(stored.config) == CONFIG
            assert list(stored.config) == list(CONFIG)
            monitors_read += 1
    assert monitors_read == changed

    again = run("rotate-keys", DATABASE_URL=database_url, VAULT_KEYS=f"{NEW} {OLD}")
    assert again.stdout == f"re-encrypted 0 secrets of 0 {owners} with the first key\n"


async def test_no_change_of_a_monitor_is_lost_while_keys_rotate(database: Database) -> None:
    """Controllers that have the new keys change configs at the same time."""
    ring = Vault(VaultKeys(f"{NEW},{OLD}"))
    await fill(database, 60, Vault(VaultKeys(OLD)))
    rows = [(UUID(stored.name), stored.id) for stored in await configs.after(database, Table.MONITOR, 0)]
    stop = asyncio.Event()
    written: dict[int, str] = {}

    async def change_all() -> None:
        number = 0
        while not stop.is_set():
            for public_id, monitor_id in rows:
                number += 1
                password = f"p{number}"

                def decide(monitor: Any, password: str = password) -> Any:
                    changed_config = {**CONFIG, "auth": {"user": "u", "pass": password}, "secret": "********"}
                    config = ring.conceal(changed_config, monitor.config, field="smtpConfig")
                    return msgspec.structs.replace(monitor, config=config)

                assert await monitors.change(database, None, ("smtp",), public_id, decide)
                written[monitor_id] = password

    changing = asyncio.create_task(change_all())
    async with asyncio.timeout(10):
        while not written:  # the first connection may take a while
            await asyncio.sleep(0.001)
    for _ in range(3):
        done = await rotate_keys(database, ring)
        assert done.unreadable == []
    stop.set()
    await changing
    await rotate_keys(database, ring)
    assert written
    new_alone = Vault(VaultKeys(NEW))
    for stored in await configs.after(database, Table.MONITOR, 0):
        clear = new_alone.reveal(stored.config)
        assert clear["auth"]["pass"] == written.get(stored.id, "hunter2")
        assert clear["secret"] == CONFIG["secret"]


async def test_a_config_that_changed_in_between_is_not_overwritten(database: Database) -> None:
    vault = Vault(VaultKeys(f"{NEW},{OLD}"))
    await fill(database, 1, Vault(VaultKeys(OLD)))
    (stored,) = await configs.after(database, Table.MONITOR, 0)
    await value(database, "UPDATE monitor SET config = '{\"secure\": true}' WHERE id = $1", stored.id)
    renewed, count = vault.renew(stored.config)
    assert count == SECRETS
    assert not await configs.replace(database, stored, renewed)
    assert json.loads(await value(database, "SELECT config::text FROM monitor")) == {"secure": True}


async def test_what_no_key_reads_is_reported_and_left_as_it_is(database: Database, database_url: str) -> None:
    await fill(database, 1, Vault(VaultKeys(new_key().reveal())))
    (stored,) = await configs.after(database, Table.MONITOR, 0)
    done = run("rotate-keys", DATABASE_URL=database_url, VAULT_KEYS=f"{NEW},{OLD}")
    assert done.returncode == 1
    assert stored.name in done.stderr
    assert done.stderr.count("\n") == 1
    assert (await configs.after(database, Table.MONITOR, 0))[0].text == stored.text


async def test_channels_keep_their_secrets_too(database: Database) -> None:
    old = Vault(VaultKeys(OLD))
    config = {"url": "https://hooks.example.com/", "secret": "s", "headers": {"Authorization": "Bearer t", "X": "y"}}
    organization = await value(database, "INSERT INTO organization (name) VALUES ('O') RETURNING id")
    for stored in (
        old.conceal(config, None, field="config"),
        Vault(VaultKeys(new_key().reveal())).conceal(config, None, field="config"),
    ):
        await value(
            database,
            "INSERT INTO notification_channel (organization_id, type, name, config) VALUES ($1, 'webhook', 'N', $2)",
            organization,
            stored,
        )
    done = await rotate_keys(database, Vault(VaultKeys(f"{NEW},{OLD}")))
    first, lost = await configs.after(database, Table.CHANNEL, 0)
    assert (done.secrets, done.owners, done.unreadable) == (2, 1, [lost.name])
    assert Vault(VaultKeys(NEW)).reveal(first.config) == config


async def test_schedulers_are_notified_of_it(database: Database) -> None:
    """A scheduler's copy of a config must be readable after the old key is gone."""
    await fill(database, 1, Vault(VaultKeys(OLD)))
    notices: asyncio.Queue[str] = asyncio.Queue()
    async with database.connection() as connection:
        await connection.add_listener("mailprobe_change", lambda *given: notices.put_nowait(str(given[3])))
        await rotate_keys(database, Vault(VaultKeys(f"{NEW},{OLD}")))
        async with asyncio.timeout(10):
            assert await notices.get() == f"monitor:{(await configs.after(database, Table.MONITOR, 0))[0].id}"
        await connection.reset()


def test_keys_that_are_none_are_refused_without_showing_them() -> None:
    done = run("rotate-keys", DATABASE_URL="postgresql://u@127.0.0.1:1/x", VAULT_KEYS="geheim")
    assert done.returncode == 2
    assert "MAILPROBE_VAULT_KEYS" in done.stderr
    assert "geheim" not in done.stderr


def test_a_new_monitor_needs_no_rotation() -> None:
    vault = Vault(VaultKeys(f"{NEW},{OLD}"))
    stored = vault.conceal(CONFIG, None, field="smtpConfig")
    assert vault.renew(stored) == (stored, 0)
