"""The rechecks that confirm a regional outage: which are planned, what they change, and when they are withdrawn."""

from __future__ import annotations

from controller.pipeline.evaluator import evaluate_due
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase

RECHECKS = "SELECT due_at, location_ids FROM recheck ORDER BY due_at"


async def test_a_regional_outage_is_confirmed_by_rechecks_long_before_the_next_round(case: EvaluationCase) -> None:
    hourly = await case.monitor(interval=3600)
    await case.evaluate(hourly, -20, "ppp")
    await case.evaluate(hourly, 0, "pfp")
    fr = await case.installation.value("SELECT id FROM location WHERE code = 'fr'")
    planned = await case.installation.rows(RECHECKS)
    assert [(to_ms(due) - to_ms(case.at(0)), asked) for due, asked in planned] == [
        (10_000, None),
        *((1_000 * seconds, [fr]) for seconds in (20, 30, 40, 50)),
        (60_000, None),
    ]
    for due, asked in planned:
        assert await case.verdict(hourly) == "up"
        await case.store(hourly, 0, "-f-" if asked else "pfp", purpose=Purpose.RECHECK, due=due)
        await evaluate_due(case.db)
        assert await case.waiting_evaluations() == 0, "nobody waits for locations that were not asked"
    assert await case.verdict(hourly) == "partial"
    assert await case.reason(hourly) == "1 of 3 countries cannot connect: refused; DE, US pass"
    assert await case.timeline(hourly) == [("opened", "partial")]
    [(evidence,)] = await case.installation.rows("SELECT evidence FROM incident")
    assert len(evidence["votes"]) == 3


async def test_rechecks_that_are_not_needed_any_more_are_withdrawn_but_not_a_local_retry(case: EvaluationCase) -> None:
    hourly = await case.monitor(interval=3600)
    await case.evaluate(hourly, 0, "pfp")
    [(first, _), (second, asked), (third, _), *_] = await case.installation.rows(RECHECKS)
    await case.store(hourly, 0, "pfp", purpose=Purpose.RECHECK, due=first)
    await evaluate_due(case.db)
    await case.installation.value(
        "INSERT INTO retry (monitor_id, due_at, location_id, round_due_at) SELECT monitor_id, $1, $2, $1 FROM recheck"
        " LIMIT 1",
        third,
        asked[0],
    )
    await case.store(hourly, 0, "-p-", purpose=Purpose.RECHECK, due=second)
    await evaluate_due(case.db)
    assert await case.verdict(hourly) == "up"
    assert await case.reason(hourly) == "FR passes again"
    kept = await case.installation.rows(RECHECKS)
    assert [due for due, _ in kept] == [first, second, third], "the first two are due already, the third is a retry's"


async def test_a_recheck_that_was_withdrawn_too_late_asked_only_some_locations(case: EvaluationCase) -> None:
    """It is no recheck of all locations in which the others are missing."""
    hourly = await case.monitor(interval=3600)
    await case.evaluate(hourly, 0, "pfp")
    [(first, _), (second, _), *_] = await case.installation.rows(RECHECKS)
    await case.store(hourly, 0, "ppp", purpose=Purpose.RECHECK, due=first)
    await evaluate_due(case.db)
    await case.store(hourly, 0, "-f-", purpose=Purpose.RECHECK, due=second)
    await evaluate_due(case.db)
    assert (await case.verdict(hourly), await case.waiting_evaluations()) == ("up", 0)
