"""The audit log is append-only for 400 days, also for the role that owns the table."""

from __future__ import annotations

import asyncpg
import pytest

from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.model.retention import AUDIT_DAYS
from controller.pipeline.housekeeping import forget_old
from controller.store.audit import entries
from controller.store.platform.pool import Database
from tests.integration.store.conftest import Store

ROOT = Actor(kind=ActorKind.COMMAND, name="root", address="host-1")
UPSERT = """
INSERT INTO audit (id, actor_kind, action, object_kind) OVERRIDING SYSTEM VALUE SELECT id, '', '', '' FROM audit
ON CONFLICT (id) DO UPDATE SET actor_name = 'somebody else'
"""
ADD_OLD = (
    "INSERT INTO audit (at, actor_kind, action, object_kind, object_id)"
    " VALUES (now() - make_interval(hours => $1), 'command', 'location.added', 'location', $2)"
)


async def add(database: Database, code: str) -> None:
    what = AuditObject(kind=ObjectKind.LOCATION, id=code, name=code)
    await entries.insert(database, ROOT, AuditAction.LOCATION_ADDED, what, None, {"country": "DE"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor_name = 'somebody else'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        UPSERT,
    ],
)
async def test_an_entry_cannot_be_changed_or_removed(store: Store, statement: str) -> None:
    await add(store.database, "de")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await store.value(statement)
    assert await store.value("SELECT string_agg(actor_name, ' ') FROM audit") == "root"


async def test_housekeeping_removes_what_is_older_than_400_days(store: Store) -> None:
    for hours, name in ((AUDIT_DAYS * 24 + 1, "older"), (AUDIT_DAYS * 24 - 1, "younger")):
        await store.value(ADD_OLD, hours, name)
    await add(store.database, "now")
    await forget_old(store.database)
    assert await store.value("SELECT array_agg(object_id ORDER BY at) FROM audit") == ["younger", "now"]


async def test_an_old_entry_cannot_be_changed_either(store: Store) -> None:
    await store.value(ADD_OLD, AUDIT_DAYS * 24 + 1, "old")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await store.value("UPDATE audit SET object_id = 'other'")


async def test_an_entry_is_part_of_the_transaction_of_its_change(store: Store) -> None:
    async def fail() -> None:
        async with store.database.one_transaction() as own:
            await add(own, "de")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await store.value("SELECT count(*) FROM audit") == 0
