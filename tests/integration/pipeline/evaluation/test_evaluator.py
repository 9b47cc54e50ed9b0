"""From stored results to verdicts and incidents, in a real database."""

from __future__ import annotations

from uuid import UUID

import pytest

from controller.model import GapReason
from controller.pipeline.evaluator import evaluate_due
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import EvaluationCase

OPENED = ("opened", "down")
RESOLVED = ("resolved", "down")


@pytest.fixture
async def monitor(case: EvaluationCase) -> UUID:
    """A monitor whose three locations passed a while ago, so it is up."""
    monitor = await case.monitor()
    await case.evaluate(monitor, -20, "ppp")
    assert await case.verdict(monitor) == "up"
    return monitor


async def test_an_outage_is_confirmed_by_a_recheck_and_ended_by_a_good_round(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.evaluate(monitor, 0, "ffp")
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("up", [])
    await case.recheck(monitor, "ffp")
    assert await case.verdict(monitor) == "down"
    assert await case.reason(monitor) == "2 of 3 countries cannot connect: refused; US passes"
    await case.evaluate(monitor, 60, "fff")
    assert await case.timeline(monitor) == [OPENED]
    await case.evaluate(monitor, 120, "ppp")
    assert await case.verdict(monitor) == "up"
    assert await case.timeline(monitor) == [OPENED, RESOLVED]
    assert await case.waiting_evaluations() == 0


async def test_an_incident_says_when_it_began_when_it_was_confirmed_and_by_which_checks(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.evaluate(monitor, -1, "fpf")
    failing = await case.installation.value("SELECT date_trunc('milliseconds', now())")
    await case.recheck(monitor, "ffp")
    [(began, confirmed_later, severity, failure, evidence)] = await case.installation.rows(
        "SELECT outage_started_at, started_at >= $1, severity, failure, evidence FROM incident", failing
    )
    assert (to_ms(began), confirmed_later, severity) == (to_ms(case.at(-1)), True, "down")
    assert failure["kind"] == "refused"
    votes = {vote["country"]: vote for vote in evidence["votes"]}
    assert {country: vote["ballot"] for country, vote in votes.items()} == {
        "DE": "failed",
        "FR": "failed",
        "US": "passed",
    }
    assert evidence["purpose"] == "recheck"
    stored = await case.installation.rows("SELECT due_at FROM result WHERE purpose = 'recheck'")
    assert len(stored) == len({vote["checkId"] for vote in votes.values()}) == 3


async def test_an_outage_that_a_recheck_does_not_confirm_opens_nothing(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "fff")
    await case.recheck(monitor, "ppp")
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("up", [])


async def test_one_blind_location_neither_hides_an_outage_nor_makes_one(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, -5, "ppn")
    assert await case.verdict(monitor) == "up"
    await case.evaluate(monitor, 0, "ffa")
    await case.recheck(monitor, "ffn")
    assert await case.timeline(monitor) == [OPENED]


async def test_a_regional_outage_is_partial_and_can_become_a_whole_one(case: EvaluationCase, monitor: UUID) -> None:
    for seconds in range(0, 72, 12):
        assert await case.verdict(monitor) == "up"
        await case.evaluate(monitor, seconds, "fpp")
    assert await case.verdict(monitor) == "partial"
    await case.evaluate(monitor, 72, "fff")
    await case.evaluate(monitor, 73, "fff", purpose=Purpose.RECHECK)
    assert await case.verdict(monitor) == "down"
    await case.evaluate(monitor, 120, "ppp")
    assert await case.timeline(monitor) == [("opened", "partial"), ("escalated", "down"), RESOLVED]


async def test_a_server_that_blocks_one_location_is_up(case: EvaluationCase, monitor: UUID) -> None:
    for number in range(8):
        await case.evaluate(monitor, number, "gpp")
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("up", [])
    await case.evaluate(monitor, 9, "ggg")
    await case.evaluate(monitor, 10, "ggg", purpose=Purpose.RECHECK)
    assert await case.verdict(monitor) == "down"


async def test_a_warning_is_degraded(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "pwp")
    assert await case.verdict(monitor) == "degraded"
    assert await case.reason(monitor) == "3 of 3 countries pass; slow: 2100 ms"
    await case.evaluate(monitor, 60, "ppp")
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("up", [])


async def test_with_all_agents_gone_the_verdict_is_unknown_and_no_further_round_is_evaluated(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.evaluate(monitor, 0, "nnn")
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("unknown", [])
    await case.store(monitor, 60, "nnn")
    assert await case.waiting_evaluations() == 0
    await case.evaluate(monitor, 120, "ppp")
    assert await case.verdict(monitor) == "up"


@pytest.mark.parametrize(
    ("reason", "seconds", "verdict"),
    [
        pytest.param(GapReason.NO_AGENT, -8, "unknown", id="no agent was there"),
        pytest.param(GapReason.UNFIT, -8, "unknown", id="no agent could do it"),
        pytest.param(GapReason.NO_RESULT, -15, "unknown", id="agents that took the checks stay silent"),
        pytest.param(GapReason.LATE, -8, "up", id="the round was late by our fault, so nothing was checked"),
    ],
)
async def test_gaps_of_most_locations_make_the_verdict_unknown(
    case: EvaluationCase, monitor: UUID, reason: GapReason, seconds: int, verdict: str
) -> None:
    await case.record_gaps(monitor, case.at(seconds), ["de", "fr"], reason=reason)
    await case.evaluate(monitor, seconds, "--p")
    assert await case.verdict(monitor) == verdict


async def test_gaps_of_long_ago_are_history(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.record_gaps(monitor, case.at(-310), ["de", "fr", "us"], reason=GapReason.NO_RESULT)
    assert await case.waiting_evaluations() == 0


async def test_a_monitor_whose_agents_never_were_there_is_unknown(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, 0, "nnn")
    assert await case.verdict(monitor) == "unknown"


async def test_an_incident_stays_open_while_every_location_is_blind(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "fff")
    await case.recheck(monitor, "fff")
    await case.evaluate(monitor, 60, "nnn")
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("unknown", [OPENED])
    await case.evaluate(monitor, 120, "ppp")
    assert await case.timeline(monitor) == [OPENED, RESOLVED]


async def test_an_evaluation_waits_for_every_vote_until_its_checks_must_have_ended(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.evaluate(monitor, 20, "f-f")
    assert await case.rechecks() == 0
    assert await case.waiting_evaluations() == 1
    await case.evaluate(monitor, 20, "-p-")
    assert await case.rechecks() == 1
    assert await case.waiting_evaluations() == 0


async def test_an_evaluation_that_waits_for_votes_holds_up_the_next_one(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 20, "ff-")
    await case.evaluate(monitor, 24, "fff")
    assert await case.waiting_evaluations() == 2
    await case.evaluate(monitor, 20, "--f")
    assert (await case.waiting_evaluations(), await case.timeline(monitor)) == (0, [OPENED])


async def test_a_vote_that_comes_after_its_evaluation_changes_nothing(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, -15, "f--")
    await case.installation.value(
        "UPDATE evaluation SET ripe_at = now() - interval '1 ms', check_at = now() - interval '1 ms'"
    )
    await evaluate_due(case.db)
    before = await case.installation.value("SELECT state::text FROM monitor_state")
    await case.evaluate(monitor, -15, "-ff")
    assert await case.installation.value("SELECT state::text FROM monitor_state") == before
    assert (await case.waiting_evaluations(), await case.rechecks()) == (0, 1)


async def test_votes_that_are_missing_in_the_end_are_blind(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, -18, "f--")
    assert await case.waiting_evaluations() == 1, "the others may have begun as late"
    await case.installation.value(
        "UPDATE evaluation SET ripe_at = now() - interval '1 ms', check_at = now() - interval '1 ms'"
    )
    await evaluate_due(case.db)
    assert await case.verdict(monitor) == "unknown"


async def test_a_result_wakes_a_waiting_evaluation_although_it_passed(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "f--")
    await case.installation.value("UPDATE evaluation SET check_at = now() + interval '1 hour'")
    await case.evaluate(monitor, 0, "-pp")
    assert await case.waiting_evaluations() == 0


async def test_late_failures_are_history(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.store(monitor, -90, "fff")
    await case.store(monitor, -80, "fff", purpose=Purpose.RECHECK)
    assert await case.installation.value("SELECT count(*) FROM result WHERE status = 'failure'") == 6
    assert await case.waiting_evaluations() == 0


async def test_a_late_failure_does_not_vote_in_an_evaluation_caused_by_a_gap(case: EvaluationCase) -> None:
    monitor = await case.monitor()
    await case.evaluate(monitor, -90, "ff-")
    await case.evaluate(monitor, -90, "--n")
    assert await case.verdict(monitor) == "unknown"
    assert await case.rechecks() == 0


async def test_a_check_that_somebody_triggered_does_not_vote(case: EvaluationCase, monitor: UUID) -> None:
    for number in range(3):
        await case.evaluate(monitor, number, "fff", purpose=Purpose.TRIGGERED)
    assert (await case.verdict(monitor), await case.timeline(monitor)) == ("up", [])
    assert await case.rechecks() == 0


async def test_stable_monitors_cost_nothing(case: EvaluationCase, monitor: UUID) -> None:
    before = await case.installation.rows("SELECT state::text, updated_at FROM monitor_state")
    for number in range(3):
        await case.store(monitor, number, "ppp")
        assert await case.waiting_evaluations() == 0
    assert await case.installation.rows("SELECT state::text, updated_at FROM monitor_state") == before


async def test_a_location_that_stays_blind_costs_one_evaluation_only(case: EvaluationCase, monitor: UUID) -> None:
    await case.evaluate(monitor, 0, "ppn")
    for number in range(1, 4):
        await case.store(monitor, number, "ppn")
        await case.store(monitor, 10 + number, "ppa")
        assert await case.waiting_evaluations() == 0
    await case.store(monitor, 20, "pnp")
    assert await case.waiting_evaluations() == 1


async def test_a_round_that_passed_before_a_late_known_failure_is_evaluated_after_it(
    case: EvaluationCase, monitor: UUID
) -> None:
    """A passing round of a stable monitor is not evaluated, but it counts when an earlier round fails late."""
    await case.store(monitor, 0, "pp-")
    await case.store(monitor, 60, "ppp")
    await case.store(monitor, 0, "--f")
    await evaluate_due(case.db)
    taken = await case.installation.value("SELECT state FROM monitor_state")
    assert taken["takenMs"] == to_ms(case.at(60))
    assert "byLocation" not in taken


async def test_a_recheck_of_all_locations_is_due_ten_seconds_after_the_evaluation(
    case: EvaluationCase, monitor: UUID
) -> None:
    await case.evaluate(monitor, -5, "fff")
    [(round_due, due, locations)] = await case.installation.rows(
        "SELECT round_due_at, due_at, location_ids FROM recheck"
    )
    evaluated_at = await case.installation.value("SELECT updated_at FROM monitor_state")
    assert (to_ms(round_due), locations) == (to_ms(case.at(-5)), None)
    assert to_ms(due) - to_ms(evaluated_at) in (10_000, 9_999), "one was rounded, the other truncated"


async def test_a_deleted_country_leaves_nobody_to_vote(case: EvaluationCase, monitor: UUID) -> None:
    await case.installation.value("UPDATE monitor SET allowed_check_country_codes = '{JP}'")
    await case.evaluate(monitor, 0, "fff")
    assert (await case.verdict(monitor), await case.waiting_evaluations()) == ("up", 0)
