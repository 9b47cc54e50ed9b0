"""From results inside a maintenance to the notification after it, in a real database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from controller.pipeline.maintenance.borders import Borders
from controller.pipeline.maintenance.notifying import notify_after_maintenance
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase


@pytest.fixture
async def monitor(case: EvaluationCase) -> UUID:
    """A monitor with an address, in maintenance for a minute that is over, down since its middle."""
    monitor = await case.monitor(interval=3600)
    number = await case.number(monitor)
    await case.installation.value("UPDATE monitor SET notification_email = 'own@example.com' WHERE id = $1", number)
    window = await case.installation.value(
        "INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect)"
        " SELECT organization_id, 'Patch day', 'UTC', now(), 'silence' FROM monitor WHERE id = $1 RETURNING id",
        number,
    )
    await case.installation.value(
        "INSERT INTO maintenance_target (window_id, monitor_id) VALUES ($1, $2)", window, number
    )
    now = utc_now()
    await case.installation.value(
        "INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at) VALUES ($1, $2, $2, $3)",
        window,
        now - timedelta(seconds=60),
        now - timedelta(seconds=1),
    )
    await case.installation.value("UPDATE maintenance_progress SET applied_until = now() - interval '90 seconds'")
    await case.installation.value("UPDATE monitor SET created_at = now() - interval '1 hour' WHERE id = $1", number)
    await case.evaluate(monitor, -30, "fff")
    await case.evaluate(monitor, -25, "fff", purpose=Purpose.RECHECK)
    await case.installation.value("DELETE FROM recheck")
    assert await case.timeline(monitor) == [("opened", "down")]
    assert await deliveries(case) == []
    await Borders(case.db).pass_due()
    return monitor


async def deliveries(case: EvaluationCase) -> list[str]:
    return [row[0] for row in await case.installation.rows("SELECT notice ->> 'change' FROM delivery ORDER BY id")]


async def test_it_is_sent_once_a_recheck_after_the_end_fails(case: EvaluationCase, monitor: UUID) -> None:
    assert await notify_after_maintenance(case.db) == 0
    assert await case.rechecks() == 1
    await case.recheck(monitor, "fff")
    assert await notify_after_maintenance(case.db) == 1
    assert await notify_after_maintenance(case.db) == 0
    assert await deliveries(case) == ["opened"]


async def test_nothing_is_sent_when_the_recheck_passes(case: EvaluationCase, monitor: UUID) -> None:
    assert await notify_after_maintenance(case.db) == 0
    await case.recheck(monitor, "ppp")
    assert await notify_after_maintenance(case.db) == 0
    assert (await case.timeline(monitor))[-1] == ("resolved", "down")
    assert await deliveries(case) == []


async def test_a_recheck_that_shows_nothing_is_repeated(case: EvaluationCase, monitor: UUID) -> None:
    assert await notify_after_maintenance(case.db) == 0
    await case.recheck(monitor, "aaa")
    assert await notify_after_maintenance(case.db) == 0
    assert await case.rechecks() == 1
    assert await deliveries(case) == []
