"""Incidents end while another controller decides about their organization: nobody waits in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from controller.decisions.evaluation.state import MonitorState
from controller.model import Role
from controller.model.accounts import Principal
from controller.operations.incidents.incident_handling import resolve
from controller.pipeline.incidents import end_orphaned
from controller.store.incidents import groups
from controller.store.incidents.incidents import StoredIncident
from controller.store.on_call import due
from shared.clock import utc_now
from tests.integration.notify.notification_case import NotificationCase, eventually

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def _by_hand(case: NotificationCase, incident: StoredIncident) -> None:
    principal = Principal(works_in=case.organization, role=Role.ADMIN)
    await resolve(case.db, principal, incident.public_id, "Done", utc_now())


async def _of_a_disabled_monitor(case: NotificationCase, _: StoredIncident) -> None:
    await case.value("UPDATE monitor SET status = 'disabled'")
    await end_orphaned(case.db)


@pytest.mark.parametrize("end", [_by_hand, _of_a_disabled_monitor])
async def test_an_incident_ends_while_its_organization_is_held(
    case: NotificationCase, end: Callable[[NotificationCase, StoredIncident], Awaitable[None]]
) -> None:
    """A deadlock would end one of the two transactions with an error."""
    await case.evaluated(MonitorState())
    incident = await case.opened()
    async with case.db.transaction() as connection:
        await groups.lock(connection, [case.organization])
        ending = asyncio.ensure_future(end(case, incident))
        await eventually(lambda: case.value(_WAITING))
        await due.review_all(connection, case.organization)
    await ending
    assert await case.value("SELECT resolved_at FROM incident") is not None
