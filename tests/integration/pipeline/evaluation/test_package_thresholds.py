"""The thresholds of a customer's package say when an incident opens (docs/compatibility.md, U31)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from controller.model.packages import PackageSettings
from controller.pipeline.evaluator import evaluate_due
from controller.store.accounts import packages
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase

OPENED = ("opened", "down")
ROUNDS = (-15, -10, -5, 0)


async def has(case: EvaluationCase, **settings: Any) -> None:
    """The customer has a package with these thresholds."""
    organization = await case.installation.value("SELECT id FROM organization")
    async with case.db.transaction() as connection:
        await packages.put(connection, organization, "gold", PackageSettings(**settings))
        await connection.execute("UPDATE customer SET package_type = 'gold'")


async def round_of(case: EvaluationCase, monitor: UUID, seconds: float, letters: str) -> None:
    """A round with these outcomes, and the recheck of an outage, if one was requested, with the same. The rechecks of a
    regional outage, which are several, are left out.
    """
    await case.evaluate(monitor, seconds, letters)
    requested = await case.installation.rows("DELETE FROM recheck RETURNING due_at")
    if len(requested) == 1:
        await case.store(monitor, 0, letters, purpose=Purpose.RECHECK, due=requested[0][0])
        await evaluate_due(case.db)


async def opened_in(case: EvaluationCase, monitor: UUID, letters: str) -> int | None:
    """In which of the next four rounds with these outcomes, rechecks included, an incident opens; None: in none."""
    for number, seconds in enumerate(ROUNDS, 1):
        await round_of(case, monitor, seconds, letters)
        if await case.timeline(monitor):
            assert await case.timeline(monitor) == [OPENED]
            return number
    return None


@pytest.fixture
async def monitor(case: EvaluationCase) -> UUID:
    monitor = await case.monitor()
    await case.evaluate(monitor, -20, "ppp")
    assert await case.verdict(monitor) == "up"
    return monitor


@pytest.mark.parametrize(
    ("settings", "letters", "round_number"),
    [
        pytest.param(None, "ffp", 1, id="without a package most locations and a recheck do"),
        pytest.param({"alert_consecutive_checks": 3}, "ffp", 3, id="three failing rounds in a row"),
        pytest.param({"alert_consecutive_checks": 2}, "ffp", 2, id="two failing rounds in a row"),
        pytest.param({"alert_location_threshold": "all"}, "ffp", None, id="all locations must fail, and two do"),
        pytest.param({"alert_location_threshold": "all"}, "fff", 1, id="all locations fail"),
        pytest.param({"alert_location_threshold_count": 3}, "ffp", None, id="three must fail, and two do"),
        pytest.param(
            {"alert_location_threshold": "all", "alert_location_threshold_count": 2}, "ffp", 1,
            id="the count has precedence",
        ),
        pytest.param(
            {"alert_consecutive_checks": 3, "alert_location_threshold_count": 2}, "ffp", 3, id="both thresholds"
        ),
    ],
)  # fmt: skip
async def test_when_an_incident_opens(
    case: EvaluationCase, monitor: UUID, settings: dict[str, Any] | None, letters: str, round_number: int | None
) -> None:
    if settings is not None:
        await has(case, **settings)
    assert await opened_in(case, monitor, letters) == round_number


async def test_a_good_round_between_begins_the_count_anew(case: EvaluationCase, monitor: UUID) -> None:
    await has(case, alert_consecutive_checks=3)
    for seconds, letters in ((-15, "ffp"), (-12, "ffp"), (-9, "ppp"), (-6, "ffp"), (-3, "ffp")):
        await round_of(case, monitor, seconds, letters)
    assert await case.timeline(monitor) == []
    await round_of(case, monitor, 0, "ffp")
    assert await case.timeline(monitor) == [OPENED]
