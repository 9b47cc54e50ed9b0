"""Every route that changes something leaves an entry in the audit log, and no entry holds a secret."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.routes import HTTPRoute

from controller.model.values.field_names import camel
from controller.pages.words.audit_fields import FIELDS
from tests.integration.api.audit.changes import CHANGES
from tests.integration.api.audit.of_maintenance_pages import OF_MAINTENANCE_PAGES, OF_MAINTENANCE_PREVIEWS
from tests.integration.api.audit.of_monitor_pages import OF_MONITOR_PAGES
from tests.integration.api.audit.of_on_call import OF_ON_CALL
from tests.integration.api.audit.of_recipients import OF_RECIPIENTS
from tests.integration.api.audit.our_accounts import OUR_ACCOUNTS, OUR_UNRECORDED
from tests.integration.api.audit.settings_pages import OF_SETTINGS, OF_SETTINGS_ELSEWHERE
from tests.integration.api.audit.unrecorded import RECORDED_ELSEWHERE, UNRECORDED
from tests.integration.api.audit.world import ADDRESS, MARK, World
from tests.integration.api.conftest import Api

ALL_CHANGES = (
    CHANGES | OUR_ACCOUNTS | OF_SETTINGS | OF_MONITOR_PAGES | OF_MAINTENANCE_PAGES | OF_RECIPIENTS | OF_ON_CALL
)
ALL_UNRECORDED = UNRECORDED | OUR_UNRECORDED | OF_SETTINGS_ELSEWHERE | OF_MAINTENANCE_PREVIEWS
ENCRYPTED = "gAAAA"
"""How everything begins that the vault has encrypted."""
SAFE = {"GET", "HEAD", "OPTIONS"}


def test_every_route_that_writes_is_in_a_table(api: Api) -> None:
    """A new route makes this test fail until it is in CHANGES, or in UNRECORDED with a reason."""
    writing = {
        (method, "/".join("{}" if part.startswith("{") else part for part in route.path_format.split("/")))
        for route in api.application.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods - SAFE
    }
    assert writing == ALL_CHANGES.keys() | RECORDED_ELSEWHERE.keys() | ALL_UNRECORDED.keys()
    assert len(writing) == len(ALL_CHANGES) + len(RECORDED_ELSEWHERE) + len(ALL_UNRECORDED)


async def entries_since(world: World, last: int) -> list[dict[str, Any]]:
    async with world.api.database.connection() as connection:
        rows = await connection.fetch("SELECT audit.*, audit::text AS whole FROM audit WHERE id > $1 ORDER BY id", last)
    return [dict(row) for row in rows]


@pytest.mark.parametrize("route", ALL_CHANGES, ids=" ".join)
async def test_it_leaves_an_entry_without_a_secret(world: World, route: tuple[str, str]) -> None:
    action, change = ALL_CHANGES[route]
    last = await world.api.value("SELECT coalesce(max(id), 0) FROM audit")
    await change(world)
    entries = await entries_since(world, last)
    found = [entry for entry in entries if entry["action"] == action]
    assert found, [entry["action"] for entry in entries]
    for entry in found:
        assert (entry["actor_kind"], entry["actor_name"]) == ("person", world.admin.email)
        assert entry["actor_id"] == world.admin.public_id
        assert entry["organization_id"] == world.organization
        assert entry["address"] in {ADDRESS, "127.0.0.1"}
        assert entry["session"] is not None
        assert entry["object_id"]
        assert entry["object_name"]
    for entry in entries:
        names = {camel(name) for fields in (entry["before"], entry["after"]) for name in fields or {}}
        assert names <= FIELDS.keys(), "a field has no words in controller/pages/words/audit_fields.py"
        assert MARK not in entry["whole"]
        assert ENCRYPTED not in entry["whole"]
        assert not any(secret in entry["whole"] for secret in world.secrets)


async def test_no_secret_is_answered(world: World) -> None:
    for _, change in list(ALL_CHANGES.values())[:12]:
        await change(world)
    answer = await world.client.get("/api/v1/audit?limit=1000", headers=world.admin.headers)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) > 12
    assert MARK not in answer.text
    assert not any(secret in answer.text for secret in world.secrets)
