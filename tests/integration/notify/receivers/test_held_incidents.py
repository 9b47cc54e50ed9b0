"""Nobody is notified of a monitor while one that it depends on is down."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.pipeline.grouping.held_incidents import release_held
from controller.pipeline.maintenance.notifying import notify_after_maintenance
from controller.store.incidents.incidents import StoredIncident
from controller.store.maintenance import by_status
from controller.store.monitors import dependencies
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.integration.notify.notification_case import NotificationCase, addressed

OWN = "own@example.com"


@pytest.fixture(autouse=True)
async def child_and_parent(case: NotificationCase) -> tuple[int, int]:
    await addressed(case, customer_notification_email=OWN)
    parent, child = await case.monitor(hostname="router.example.com"), await case.monitor(hostname="mx.example.com")
    async with case.db.transaction() as connection:
        await dependencies.replace(connection, child, [parent])
    return child, parent


async def _told(case: NotificationCase, incident: StoredIncident) -> list[str]:
    rows = await case.rows(
        "SELECT change.kind FROM delivery JOIN incident_change AS change ON change.id = delivery.change_id"
        " WHERE delivery.incident_id = $1 ORDER BY delivery.id",
        incident.id,
    )
    return [kind for (kind,) in rows]


async def _in_maintenance(case: NotificationCase, monitor: int, in_maintenance: bool) -> None:
    async with case.db.transaction() as connection:
        await by_status.keep(connection, {monitor: in_maintenance}, utc_now())


def _down(at: datetime) -> MonitorState:
    return MonitorState(
        verdict=VerdictKind.DOWN,
        severity=Severity.DOWN,
        failing_evaluations=1,
        taken_ms=to_ms(at),
        reason="1 of 1 country cannot connect: timed out",
    )


async def test_it_is_told_after_the_parent_is_up_when_a_check_shows_that_it_lasts(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    child, parent = child_and_parent
    cause, held = await case.opened(parent), await case.opened(child)
    await case.evaluated(_down(held.started_at), child)
    await release_held(case.db)
    assert (await _told(case, cause), await _told(case, held)) == (["opened"], [])
    over_at = (await case.resolved(cause)).at
    await release_held(case.db)
    assert await _told(case, held) == []
    await case.evaluated(_down(over_at + timedelta(seconds=1)), child)
    for _ in range(2):
        await release_held(case.db)
        assert await _told(case, held) == ["opened"]
    await case.resolved(held)
    assert await _told(case, held) == ["opened", "resolved"]


async def test_it_is_told_after_a_maintenance_that_began_while_it_was_held(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    child, parent = child_and_parent
    cause, held = await case.opened(parent), await case.opened(child)
    await _in_maintenance(case, child, True)
    over_at = (await case.resolved(cause)).at
    await case.evaluated(_down(over_at + timedelta(milliseconds=1)), child)
    for in_maintenance in (True, False):
        await _in_maintenance(case, child, in_maintenance)
        await release_held(case.db)
        assert await _told(case, held) == []
    await case.evaluated(_down(utc_now() + timedelta(milliseconds=1)), child)
    for _ in range(2):
        await release_held(case.db)
        assert await notify_after_maintenance(case.db) == 0
        assert await _told(case, held) == ["opened"]


async def test_nobody_hears_of_one_that_recovers_with_its_parent(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    child, parent = child_and_parent
    cause, held = await case.opened(parent), await case.opened(child)
    await case.resolved(cause)
    await case.resolved(held)
    await release_held(case.db)
    assert (await _told(case, cause), await _told(case, held)) == (["opened", "resolved"], [])


async def test_it_is_told_at_once_when_the_parent_is_up(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    child, parent = child_and_parent
    await case.resolved(await case.opened(parent))
    assert await _told(case, await case.opened(child)) == ["opened"]


async def test_it_is_told_at_once_while_the_parent_fails_only_at_some_locations(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    child, parent = child_and_parent
    cause = await case.opened(parent, severity="partial")
    first = await case.opened(child)
    assert (await _told(case, cause), await _told(case, first)) == (["opened"], ["opened"])
    await case.resolved(first)
    await case.changed(cause, "escalated")
    assert await _told(case, await case.opened(child)) == []


@pytest.mark.parametrize("why", ["notify_on_error is off", "maintenance", "nobody to notify"])
async def test_it_is_told_at_once_when_nobody_hears_of_the_parent(
    case: NotificationCase, child_and_parent: tuple[int, int], why: str
) -> None:
    child, parent = child_and_parent
    if why == "notify_on_error is off":
        await case.value("UPDATE monitor SET notify_on_error = false WHERE id = $1", parent)
    elif why == "maintenance":
        await _in_maintenance(case, parent, True)
    else:
        await case.value("UPDATE customer SET notification_email = NULL")
        await case.channel("email", "Mail", {"to": OWN}, monitor_id=child)
    cause, incident = await case.opened(parent), await case.opened(child)
    assert (await _told(case, cause), await _told(case, incident)) == ([], ["opened"])


async def test_one_that_depends_on_one_that_is_held_is_held_too(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    child, parent = child_and_parent
    grandchild = await case.monitor(hostname="imap.example.com")
    async with case.db.transaction() as connection:
        await dependencies.replace(connection, grandchild, [child])
    assert [await _told(case, await case.opened(one)) for one in (parent, child, grandchild)] == [["opened"], [], []]


async def test_the_next_outage_of_the_parent_is_a_new_cause(
    case: NotificationCase, child_and_parent: tuple[int, int]
) -> None:
    """The group of the first one is closed, although the child that was held in it goes on."""
    child, parent = child_and_parent
    await case.value("UPDATE organization SET grouping = NULL")
    cause, held = await case.opened(parent), await case.opened(child)
    over_at = (await case.resolved(cause)).at
    assert await case.value("SELECT count(*) FROM incident_group WHERE closed_at IS NULL") == 1
    await case.evaluated(_down(over_at + timedelta(seconds=1)), child)
    await release_held(case.db)
    assert await _told(case, held) == ["opened"]
    await case.value("UPDATE incident_group SET opened_at = opened_at - interval '1 hour'")
    assert await _told(case, await case.opened(parent)) == ["opened"]
    assert await case.value("SELECT count(DISTINCT group_id) FROM incident WHERE resolved_at IS NULL") == 2
