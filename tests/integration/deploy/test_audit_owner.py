"""The statements of docs/operations.md that give the audit log to another role: with them the controller's role cannot
change an entry in any way, and everything still works.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
import pytest

from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.pipeline.housekeeping import forget_old
from controller.store.audit import entries
from controller.store.audit.entries import AuditFilter, Scope
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from tests.integration.deploy.snippets import snippet

WHAT = AuditObject(kind=ObjectKind.LOCATION, id="de", name="de")
ACTOR = Actor(kind=ActorKind.COMMAND, name="root", address="host-1")


class Strict(NamedTuple):
    """URLs of a database with the statements applied: of the controller's role, and of a superuser."""

    url: str
    superuser: str


@pytest.fixture
async def strict(postgres_url: str) -> AsyncIterator[Strict]:
    name = f"strict_{os.urandom(6).hex()}"  # stands for `mailprobe`: roles belong to the whole server
    connection = await asyncpg.connect(postgres_url, timeout=30)
    try:
        await connection.execute(f"CREATE ROLE {name} LOGIN")
        await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        superuser = postgres_url.replace("/postgres?", f"/{name}?")
        user = superuser.partition("//")[2].partition("@")[0]
        url = superuser.replace(f"//{user}@", f"//{name}@", 1)
        await migrate.apply(url)
        inside = await asyncpg.connect(superuser, timeout=30)
        await inside.execute(snippet("audit-owner").replace("mailprobe", name))
        await inside.close(timeout=30)
        yield Strict(url, superuser)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.execute(f"DROP ROLE {name}, {name}_audit")
    finally:
        await connection.close(timeout=30)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor_name = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_append_only ON audit",
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE OR REPLACE FUNCTION audit_forget_old() RETURNS void LANGUAGE sql AS 'DELETE FROM audit'",
        "ALTER TABLE audit OWNER TO CURRENT_USER",
        "SET session_replication_role = replica",
        "DROP SCHEMA public CASCADE",
    ],
)
async def test_the_controllers_role_cannot_change_an_entry(strict: Strict, statement: str) -> None:
    async with Database.open(strict.url) as database:
        await entries.insert(database, ACTOR, AuditAction.LOCATION_ADDED, WHAT, None, None)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.connection() as connection:
                await connection.execute(statement)
        assert len(await entries.page_of(database, Scope(None, True), AuditFilter(), before=None, limit=9)) == 1


async def test_the_controller_still_writes_reads_removes_old_entries_and_migrates(strict: Strict) -> None:
    superuser = await asyncpg.connect(strict.superuser, timeout=30)
    await superuser.execute(
        "INSERT INTO audit (at, actor_kind, action, object_kind) VALUES (now() - interval '401 days', '', '', '')"
    )
    await superuser.close(timeout=30)
    await migrate.apply(strict.url)
    async with Database.open(strict.url) as database:
        await migrate.require_current(database)
        await entries.insert(database, ACTOR, AuditAction.LOCATION_ADDED, WHAT, None, None)
        await forget_old(database)
        found = await entries.page_of(database, Scope(None, True), AuditFilter(), before=None, limit=9)
        assert [entry.action for entry in found] == ["location.added"]
        async with database.connection() as connection:  # what a later migration and pg_dump need
            await connection.execute("CREATE TABLE later (id int)")
            await connection.execute("SELECT last_value FROM audit_id_seq")
