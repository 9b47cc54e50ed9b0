"""Locations under maintenance: results are stored, but are no votes."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.integration.pipeline.evaluation_case import EvaluationCase


@pytest.fixture
async def monitor(case: EvaluationCase) -> UUID:
    """A monitor whose three locations passed a while ago, so it is up."""
    monitor = await case.monitor()
    await case.evaluate(monitor, -20, "ppp")
    return monitor


async def maintained(case: EvaluationCase, *codes: str, since: float, until: float | None = None) -> None:
    """A window of the monitor's organization for these locations."""
    window = await case.installation.value(
        "INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect)"
        " SELECT min(organization_id), 'Patch day', 'UTC', now(), 'silence' FROM monitor RETURNING id"
    )
    await case.installation.value(
        "INSERT INTO maintenance_target (window_id, location_id) SELECT $1, id FROM location WHERE code = ANY ($2)",
        window,
        list(codes),
    )
    await case.installation.value(
        "INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at) VALUES ($1, $2, $2, $3)",
        window,
        case.at(since),
        None if until is None else case.at(until),
    )


async def test_its_failure_is_stored_but_is_no_vote(case: EvaluationCase, monitor: UUID) -> None:
    await maintained(case, "de", since=-10)
    await case.evaluate(monitor, 0, "fpp")
    assert await case.verdict(monitor) == "up"
    assert await case.reason(monitor) == "2 of 2 countries pass"
    assert await case.installation.value("SELECT count(*) FROM result WHERE status = 'failure'") == 1


async def test_its_absence_makes_no_verdict_unknown(case: EvaluationCase, monitor: UUID) -> None:
    await maintained(case, "de", "fr", since=-10, until=50)
    await case.evaluate(monitor, 0, "nnp")
    assert await case.verdict(monitor) == "up"
    await case.evaluate(monitor, 60, "nnp")
    assert await case.verdict(monitor) == "unknown"


async def test_an_outage_is_confirmed_by_the_others(case: EvaluationCase, monitor: UUID) -> None:
    await maintained(case, "us", since=-10)
    await case.evaluate(monitor, 0, "ffp")
    await case.recheck(monitor, "ffp")
    assert await case.verdict(monitor) == "down"
    assert await case.timeline(monitor) == [("opened", "down")]


async def test_while_all_are_under_maintenance_the_verdict_stays(case: EvaluationCase, monitor: UUID) -> None:
    await maintained(case, "de", "fr", "us", since=-10)
    await case.evaluate(monitor, 0, "fff")
    assert (await case.verdict(monitor), await case.rechecks()) == ("up", 0)
    assert await case.waiting_evaluations() == 0
