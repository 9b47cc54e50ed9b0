"""From stored results to verdicts and incidents, in a real database."""

from __future__ import annotations

from uuid import UUID

import pytest

from controller.model import GapReason
from controller.pipeline.evaluator import judge_looks
from shared.wire.rounds import Purpose, to_ms
from tests.integration.pipeline.court import Court

OPENED = ("opened", "down")
RESOLVED = ("resolved", "down")


@pytest.fixture
async def monitor(court: Court) -> UUID:
    """One whose three locations passed a while ago: up."""
    monitor = await court.monitor()
    await court.look(monitor, -20, "ppp")
    assert await court.verdict(monitor) == "up"
    return monitor


async def test_an_outage_is_confirmed_by_a_recheck_and_ended_by_a_good_round(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 0, "ffp")
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("up", [])
    await court.recheck(monitor, "ffp")
    assert await court.verdict(monitor) == "down"
    assert await court.reason(monitor) == "2 of 3 countries cannot connect: refused; US passes"
    await court.look(monitor, 60, "fff")
    assert await court.timeline(monitor) == [OPENED]
    await court.look(monitor, 120, "ppp")
    assert await court.verdict(monitor) == "up"
    assert await court.timeline(monitor) == [OPENED, RESOLVED]
    assert await court.looks() == 0


async def test_an_incident_says_when_it_began_when_it_was_confirmed_and_by_which_checks(
    court: Court, monitor: UUID
) -> None:
    await court.look(monitor, -1, "fpf")
    failing = await court.world.value("SELECT date_trunc('milliseconds', now())")
    await court.recheck(monitor, "ffp")
    [(began, confirmed_later, severity, failure, evidence)] = await court.world.rows(
        "SELECT outage_started_at, started_at >= $1, severity, failure, evidence FROM incident", failing
    )
    assert (to_ms(began), confirmed_later, severity) == (to_ms(court.at(-1)), True, "down")
    assert failure["kind"] == "refused"
    votes = {vote["country"]: vote for vote in evidence["votes"]}
    assert {country: vote["ballot"] for country, vote in votes.items()} == {
        "DE": "failed",
        "FR": "failed",
        "US": "passed",
    }
    assert evidence["purpose"] == "recheck"
    stored = await court.world.rows("SELECT due_at FROM result WHERE purpose = 'recheck'")
    assert len(stored) == len({vote["checkId"] for vote in votes.values()}) == 3


async def test_an_outage_that_a_recheck_does_not_confirm_opens_nothing(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 0, "fff")
    await court.recheck(monitor, "ppp")
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("up", [])


async def test_one_blind_location_neither_hides_an_outage_nor_makes_one(court: Court, monitor: UUID) -> None:
    await court.look(monitor, -5, "ppn")
    assert await court.verdict(monitor) == "up"
    await court.look(monitor, 0, "ffa")
    await court.recheck(monitor, "ffn")
    assert await court.timeline(monitor) == [OPENED]


async def test_a_regional_outage_is_partial_and_can_become_a_whole_one(court: Court, monitor: UUID) -> None:
    for number in range(6):
        await court.look(monitor, number, "fpp")
    assert await court.verdict(monitor) == "partial"
    await court.look(monitor, 60, "fff")
    await court.look(monitor, 61, "fff", purpose=Purpose.RECHECK)
    assert await court.verdict(monitor) == "down"
    await court.look(monitor, 120, "ppp")
    assert await court.timeline(monitor) == [("opened", "partial"), ("escalated", "down"), RESOLVED]


async def test_a_server_that_dislikes_one_location_is_up(court: Court, monitor: UUID) -> None:
    for number in range(8):
        await court.look(monitor, number, "gpp")
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("up", [])
    await court.look(monitor, 9, "ggg")
    await court.look(monitor, 10, "ggg", purpose=Purpose.RECHECK)
    assert await court.verdict(monitor) == "down"


async def test_a_warning_is_degraded(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 0, "pwp")
    assert await court.verdict(monitor) == "degraded"
    assert await court.reason(monitor) == "3 of 3 countries pass; slow: 2100 ms"
    await court.look(monitor, 60, "ppp")
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("up", [])


async def test_with_all_agents_gone_the_verdict_is_unknown_and_no_further_round_is_judged(
    court: Court, monitor: UUID
) -> None:
    await court.look(monitor, 0, "nnn")
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("unknown", [])
    await court.hear(monitor, 60, "nnn")
    assert await court.looks() == 0
    await court.look(monitor, 120, "ppp")
    assert await court.verdict(monitor) == "up"


@pytest.mark.parametrize(
    ("reason", "seconds", "verdict"),
    [
        pytest.param(GapReason.NO_AGENT, -8, "unknown", id="no agent was there"),
        pytest.param(GapReason.UNFIT, -8, "unknown", id="no agent could do it"),
        pytest.param(GapReason.NO_RESULT, -15, "unknown", id="agents that took the checks stay silent"),
        pytest.param(GapReason.LATE, -8, "up", id="our own lateness: nobody looked"),
    ],
)
async def test_gaps_of_most_locations_make_the_verdict_unknown(
    court: Court, monitor: UUID, reason: GapReason, seconds: int, verdict: str
) -> None:
    await court.miss(monitor, court.at(seconds), ["de", "fr"], reason=reason)
    await court.look(monitor, seconds, "--p")
    assert await court.verdict(monitor) == verdict


async def test_gaps_of_long_ago_are_history(court: Court) -> None:
    monitor = await court.monitor()
    await court.miss(monitor, court.at(-310), ["de", "fr", "us"], reason=GapReason.NO_RESULT)
    assert await court.looks() == 0


async def test_a_monitor_whose_agents_never_were_there_is_unknown(court: Court) -> None:
    monitor = await court.monitor()
    await court.look(monitor, 0, "nnn")
    assert await court.verdict(monitor) == "unknown"


async def test_an_incident_stays_open_while_nobody_can_see(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 0, "fff")
    await court.recheck(monitor, "fff")
    await court.look(monitor, 60, "nnn")
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("unknown", [OPENED])
    await court.look(monitor, 120, "ppp")
    assert await court.timeline(monitor) == [OPENED, RESOLVED]


async def test_a_look_waits_for_every_vote_until_its_checks_must_have_ended(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 20, "f-f")
    assert await court.rechecks() == 0
    assert await court.looks() == 1
    await court.look(monitor, 20, "-p-")
    assert await court.rechecks() == 1
    assert await court.looks() == 0


async def test_a_look_that_waits_for_votes_holds_up_the_next_one(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 20, "ff-")
    await court.look(monitor, 24, "fff")
    assert await court.looks() == 2
    await court.look(monitor, 20, "--f")
    assert (await court.looks(), await court.timeline(monitor)) == (0, [OPENED])


async def test_a_vote_that_comes_after_its_look_was_taken_changes_nothing(court: Court, monitor: UUID) -> None:
    await court.look(monitor, -15, "f--")
    await court.world.value("UPDATE look SET ripe_at = now(), check_at = now()")
    await judge_looks(court.db)
    before = await court.world.value("SELECT state::text FROM standing")
    await court.look(monitor, -15, "-ff")
    assert await court.world.value("SELECT state::text FROM standing") == before
    assert (await court.looks(), await court.rechecks()) == (0, 1)


async def test_votes_that_are_missing_in_the_end_are_blind(court: Court, monitor: UUID) -> None:
    await court.look(monitor, -18, "f--")
    assert await court.looks() == 1, "the others may have begun as late"
    await court.world.value("UPDATE look SET ripe_at = now(), check_at = now()")
    await judge_looks(court.db)
    assert await court.verdict(monitor) == "unknown"


async def test_a_result_wakes_a_look_that_waits_although_it_passed(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 0, "f--")
    await court.world.value("UPDATE look SET check_at = now() + interval '1 hour'")
    await court.look(monitor, 0, "-pp")
    assert await court.looks() == 0


async def test_late_failures_are_history(court: Court) -> None:
    monitor = await court.monitor()
    await court.hear(monitor, -90, "fff")
    await court.hear(monitor, -80, "fff", purpose=Purpose.RECHECK)
    assert await court.world.value("SELECT count(*) FROM result WHERE status = 'failure'") == 6
    assert await court.looks() == 0


async def test_a_failure_that_came_late_does_not_vote_in_a_look_noted_for_a_gap(court: Court) -> None:
    monitor = await court.monitor()
    await court.look(monitor, -90, "ff-")
    await court.look(monitor, -90, "--n")
    assert await court.verdict(monitor) == "unknown"
    assert await court.rechecks() == 0


async def test_a_check_that_somebody_triggered_does_not_vote(court: Court, monitor: UUID) -> None:
    for number in range(3):
        await court.look(monitor, number, "fff", purpose=Purpose.TRIGGERED)
    assert (await court.verdict(monitor), await court.timeline(monitor)) == ("up", [])
    assert await court.rechecks() == 0


async def test_monitors_at_rest_cost_nothing(court: Court, monitor: UUID) -> None:
    before = await court.world.rows("SELECT state::text, updated_at FROM standing")
    for number in range(3):
        await court.hear(monitor, number, "ppp")
        assert await court.looks() == 0
    assert await court.world.rows("SELECT state::text, updated_at FROM standing") == before


async def test_a_location_that_stays_blind_costs_one_look_only(court: Court, monitor: UUID) -> None:
    await court.look(monitor, 0, "ppn")
    for number in range(1, 4):
        await court.hear(monitor, number, "ppn")
        await court.hear(monitor, 10 + number, "ppa")
        assert await court.looks() == 0
    await court.hear(monitor, 20, "pnp")
    assert await court.looks() == 1


async def test_what_passed_before_a_failure_was_seen_is_judged_after_it(court: Court, monitor: UUID) -> None:
    """A round that passes is not noted at rest; one before it that fails, and is heard of later, makes it count."""
    await court.hear(monitor, 0, "pp-")
    await court.hear(monitor, 60, "ppp")
    await court.hear(monitor, 0, "--f")
    await judge_looks(court.db)
    taken = await court.world.value("SELECT state FROM standing")
    assert taken["takenMs"] == to_ms(court.at(60))
    assert "byLocation" not in taken


async def test_a_recheck_is_asked_of_all_locations_ten_seconds_after_the_look(court: Court, monitor: UUID) -> None:
    await court.look(monitor, -5, "fff")
    [(round_due, due, locations)] = await court.world.rows("SELECT round_due_at, due_at, location_ids FROM recheck")
    looked = await court.world.value("SELECT updated_at FROM standing")
    assert (to_ms(round_due), locations) == (to_ms(court.at(-5)), None)
    assert to_ms(due) - to_ms(looked) in (10_000, 9_999), "one was rounded, the other cut"


async def test_a_deleted_country_leaves_nobody_to_vote(court: Court, monitor: UUID) -> None:
    await court.world.value("UPDATE monitor SET allowed_check_country_codes = '{JP}'")
    await court.look(monitor, 0, "fff")
    assert (await court.verdict(monitor), await court.looks()) == ("up", 0)
