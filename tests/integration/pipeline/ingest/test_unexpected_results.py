"""A result of a check that was never requested becomes a dead letter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from controller.decisions.received_results import RejectionReason
from controller.store.checks.dead_letters import KEPT_AN_HOUR
from controller.store.checks.expected_results import store_expected
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, last_due_ms
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.result_case import (
    HOUR,
    OFF,
    Given,
    ResultCase,
    a_recheck,
    a_round,
    a_triggered_check,
    planned,
    the_first_round,
)
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


async def _between_rounds(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, due_at=result_case.round() - OFF)


async def _before_its_target_was_set(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, due_at=result_case.round() - timedelta(hours=2))


async def _to_come(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, due_at=result_case.round() + timedelta(minutes=5))


async def _of_another_country(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, "US", due_at=result_case.round())


async def _left_out_by_its_customer(result_case: ResultCase) -> CheckResult:
    await result_case.change("UPDATE monitor SET allowed_check_country_codes = NULL WHERE public_id = $1")
    await result_case.installation.value("UPDATE customer SET allowed_check_country_codes = '{US}'")
    return a_result(result_case.monitor, due_at=result_case.round())


async def _of_a_location_not_its_own(result_case: ResultCase) -> CheckResult:
    number = await result_case.installation.value("SELECT id FROM location WHERE code = 'us'")
    await result_case.change("UPDATE monitor SET location_ids = ARRAY[$2::int] WHERE public_id = $1", number)
    return a_result(result_case.monitor, due_at=result_case.round())


async def _deleted(result_case: ResultCase) -> CheckResult:
    await result_case.change("UPDATE monitor SET deleted_at = now() WHERE public_id = $1")
    return a_result(result_case.monitor, due_at=result_case.round())


async def _disabled(result_case: ResultCase) -> CheckResult:
    await result_case.change("UPDATE monitor SET status = 'disabled' WHERE public_id = $1")
    return a_result(result_case.monitor, due_at=result_case.round())


async def _an_invented_recheck(result_case: ResultCase) -> CheckResult:
    """The round was requested, but no recheck of it."""
    await result_case.expected(a_result(result_case.monitor, due_at=result_case.round()))
    return a_result(result_case.monitor, due_at=result_case.round(), purpose=Purpose.RECHECK)


async def _an_invented_trigger(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, due_at=utc_now(), purpose=Purpose.TRIGGERED)


async def _requested_elsewhere(result_case: ResultCase) -> CheckResult:
    await result_case.expected(
        a_result(result_case.monitor, "DE", due_at=utc_now() - HOUR / 2, purpose=Purpose.TRIGGERED)
    )
    [due] = await result_case.installation.value("SELECT due_ats FROM dispatch")
    return a_result(result_case.monitor, "US", due_at=due, purpose=Purpose.TRIGGERED)


async def _before_the_location_was_there(result_case: ResultCase) -> CheckResult:
    await result_case.installation.value("UPDATE location SET created_at = now() - interval '5 minutes'")
    return a_result(result_case.monitor, due_at=result_case.round(timedelta(minutes=10)))


async def _not_in_turn(result_case: ResultCase, statement: str) -> CheckResult:
    """The round was another location's turn."""
    await result_case.change("UPDATE monitor SET allowed_check_country_codes = NULL WHERE public_id = $1")
    await result_case.installation.value(statement)
    await result_case.expected(a_result(result_case.monitor, "US", due_at=result_case.round()))
    return a_result(result_case.monitor, "DE", due_at=result_case.round())


async def _not_in_turn_by_its_mode(result_case: ResultCase) -> CheckResult:
    return await _not_in_turn(result_case, "UPDATE monitor SET mode = 'Round Robin'")


async def _not_in_turn_by_its_rotation(result_case: ResultCase) -> CheckResult:
    return await _not_in_turn(result_case, "UPDATE monitor SET rotate_locations = true")


async def _not_in_turn_by_its_policy(result_case: ResultCase) -> CheckResult:
    return await _not_in_turn(result_case, """UPDATE monitor SET policy = '{"order": "sequential"}'""")


async def _not_in_turn_by_the_policy_of_its_customer(result_case: ResultCase) -> CheckResult:
    return await _not_in_turn(result_case, """UPDATE customer SET policy = '{"order": "sequential"}'""")


async def _not_in_turn_by_the_policy_of_its_organization(result_case: ResultCase) -> CheckResult:
    return await _not_in_turn(result_case, """UPDATE organization SET policy = '{"order": "sequential"}'""")


async def _of_half_a_millisecond(result_case: ResultCase) -> CheckResult:
    return msgspec.structs.replace(
        a_result(result_case.monitor, due_at=result_case.round()),
        due_at=result_case.round() + timedelta(microseconds=600),
    )


async def _begun_at_the_beginning(result_case: ResultCase) -> CheckResult:
    """PostgreSQL would store it as minus infinity, which cannot be used in calculations when it is read back."""
    return msgspec.structs.replace(await a_round(result_case), started_at=datetime(1, 1, 1, tzinfo=UTC))


async def _begun_in_days(result_case: ResultCase) -> CheckResult:
    return msgspec.structs.replace(await a_round(result_case), started_at=utc_now() + timedelta(days=2))


async def _over_before_it_began(result_case: ResultCase) -> CheckResult:
    return msgspec.structs.replace(await a_round(result_case), duration_ms=-1.0)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(_between_rounds, RejectionReason.NOT_EXPECTED, id="of a moment between its rounds"),
        pytest.param(_before_its_target_was_set, RejectionReason.NOT_EXPECTED, id="from before its target was set"),
        pytest.param(_to_come, RejectionReason.NOT_EXPECTED, id="of a round to come"),
        pytest.param(
            _of_half_a_millisecond,
            RejectionReason.WRONG_MOMENT,
            id="of a moment that is equal to a round only when rounded to milliseconds",
        ),
        pytest.param(_begun_at_the_beginning, RejectionReason.WRONG_MOMENT, id="that began in the year one"),
        pytest.param(_begun_in_days, RejectionReason.WRONG_MOMENT, id="that began in two days"),
        pytest.param(_over_before_it_began, RejectionReason.NOT_A_RESULT, id="with a negative duration"),
        pytest.param(
            _before_the_location_was_there, RejectionReason.NOT_EXPECTED, id="from before its location existed"
        ),
        pytest.param(_not_in_turn_by_its_mode, RejectionReason.NOT_EXPECTED, id="out of turn by the monitor's mode"),
        pytest.param(_not_in_turn_by_its_rotation, RejectionReason.NOT_EXPECTED, id="out of turn by its rotation"),
        pytest.param(_not_in_turn_by_its_policy, RejectionReason.NOT_EXPECTED, id="out of turn by its policy"),
        pytest.param(
            _not_in_turn_by_the_policy_of_its_customer,
            RejectionReason.NOT_EXPECTED,
            id="out of turn by its customer's policy",
        ),
        pytest.param(
            _not_in_turn_by_the_policy_of_its_organization,
            RejectionReason.NOT_EXPECTED,
            id="out of turn by its organization's policy",
        ),
        pytest.param(
            _of_another_country, RejectionReason.NOT_EXPECTED, id="from a country that the monitor does not have"
        ),
        pytest.param(
            _left_out_by_its_customer, RejectionReason.NOT_EXPECTED, id="from a country that its customer excludes"
        ),
        pytest.param(
            _of_a_location_not_its_own,
            RejectionReason.NOT_EXPECTED,
            id="from a location that the monitor does not have",
        ),
        pytest.param(_deleted, RejectionReason.NOT_EXPECTED, id="of a deleted monitor"),
        pytest.param(_disabled, RejectionReason.NOT_EXPECTED, id="of a disabled monitor"),
        pytest.param(_an_invented_recheck, RejectionReason.NOT_EXPECTED, id="of a recheck that was never requested"),
        pytest.param(_an_invented_trigger, RejectionReason.NOT_EXPECTED, id="of a check that nobody triggered"),
        pytest.param(
            _requested_elsewhere, RejectionReason.NOT_EXPECTED, id="of a check that was requested from another location"
        ),
    ],
)
async def test_an_unexpected_result_becomes_a_dead_letter(
    result_case: ResultCase, ingest_case: IngestCase, given: Given, why: RejectionReason
) -> None:
    bad = await given(result_case)
    await result_case.installation.report(bad, expected=False)
    await ingest_case.drain()
    assert await result_case.installation.value("SELECT count(*) FROM result") == 0
    assert await result_case.installation.value("SELECT count(*) FROM latest") == 0
    assert await result_case.installation.value("SELECT count(*) FROM evaluation") == 0
    assert await result_case.installation.events() == []
    assert await result_case.installation.rows("SELECT subject, why, messages FROM dead_letter_count") == [
        (subjects.result(bad.country, bad.location), why, 1)
    ]
    [(body,)] = await result_case.installation.rows("SELECT body FROM dead_letter")
    assert msgspec.json.decode(body, type=CheckResult) == bad
    assert ingest_case.ingestor._counts.dead_letters.state()[why.value] == [1]


async def test_expected_results_are_stored_beside_unexpected_ones(
    result_case: ResultCase, ingest_case: IngestCase
) -> None:
    good = [await each(result_case) for each in (a_round, the_first_round, a_recheck, a_triggered_check, planned)]
    bad = [await each(result_case) for each in (_between_rounds, _to_come, _an_invented_trigger, _of_another_country)]
    bad[0] = a_result(result_case.monitor, due_at=result_case.round() - 2 * OFF)
    for pair in zip(good, [*bad, good[0]], strict=True):
        for result in pair:
            await result_case.installation.bus.publish(
                Message(
                    subjects.result(result.country, result.location),
                    msgspec.json.encode(result),
                    f"{result.check_id}{result is good[0] and id(pair)}",
                )
            )
    await ingest_case.drain()
    stored = {
        (due, purpose) for due, purpose in await result_case.installation.rows("SELECT due_at, purpose FROM result")
    }
    assert stored == {(result.due_at, result.purpose.value) for result in good}
    assert await result_case.installation.rows("SELECT DISTINCT why FROM dead_letter_count") == [("not_expected",)]
    assert await result_case.installation.value("SELECT sum(messages) FROM dead_letter_count") == len(bad)


@pytest.mark.parametrize("interval", [10, 60, 300, 3600, 86_400])
async def test_the_database_computes_the_same_rounds(small_installation: SmallInstallation, interval: int) -> None:
    """Tried with many monitors, because their hashes may be of any size."""
    day = timedelta(days=1)
    now = utc_now()
    monitors = [await small_installation.monitor(interval=interval, due_in=(0, interval)) for _ in range(60)]
    await small_installation.value("UPDATE monitor SET target_changed_at = now() - interval '1 day 1 hour'")
    await small_installation.value("UPDATE location SET created_at = now() - interval '30 days'")
    allowed, others = [], []
    for monitor in monitors:
        due_ms = last_due_ms(monitor, interval * 1000, to_ms(now - day - HOUR / 2), to_ms(now))
        assert due_ms is not None
        if due_ms == to_ms(now - day - HOUR / 2):
            continue  # a monitor with a daily round may have had none since its target was set
        allowed.append(a_result(monitor, due_at=to_datetime(due_ms)))
        others += [a_result(monitor, due_at=to_datetime(due_ms + off)) for off in (-1, -500 * interval)]
    assert len(allowed) > 20
    outcomes = await store_expected(small_installation.db, [*allowed, *others])
    assert [stored.expected for stored in outcomes if stored] == [True] * len(allowed) + [False] * len(others)


async def test_a_flood_is_counted_and_a_few_of_it_are_kept(result_case: ResultCase, ingest_case: IngestCase) -> None:
    count = KEPT_AN_HOUR + 30
    for n in range(count):
        await result_case.installation.report(
            a_result(result_case.monitor, due_at=result_case.round() - (n + 1) * OFF), expected=False
        )
    await result_case.installation.bus.publish(Message(subjects.result("US", "us"), b"no result \\ud800 \x00", "other"))
    await ingest_case.drain()
    assert await result_case.installation.rows("SELECT subject, why, messages FROM dead_letter_count ORDER BY why") == [
        (subjects.result("US", "us"), "not_a_result", 1),
        (subjects.result("DE", "de"), "not_expected", count),
    ]
    assert await result_case.installation.rows(
        "SELECT subject, count(*) FROM dead_letter GROUP BY subject ORDER BY subject"
    ) == [
        (subjects.result("DE", "de"), KEPT_AN_HOUR),
        (subjects.result("US", "us"), 1),
    ]


async def test_what_a_reason_quotes_cannot_stop_the_ingest(result_case: ResultCase, ingest_case: IngestCase) -> None:
    """The decoder's error message quotes what was sent, and PostgreSQL accepts no NUL in a text."""
    good = a_result(result_case.monitor, due_at=result_case.round())
    body = msgspec.json.encode(good).replace(b'"scheduled"', b'"a\\u0000b"')
    await result_case.installation.bus.publish(Message(subjects.result("DE", "de"), body, "bad"))
    await result_case.installation.report(good, expected=False)
    await ingest_case.drain()
    assert await result_case.installation.value("SELECT count(*) FROM result") == 1
    [(reason,)] = await result_case.installation.rows("SELECT reason FROM dead_letter")
    assert reason.startswith("not a result")
