"""From stored results to findings, verdicts, rechecks, probe problems and the feed."""

from __future__ import annotations

import asyncio
import re

import msgspec

from controller.store.comparison import comparisons, facts
from shared.wire.fact_events import FactEvent
from tests.integration.pipeline.comparison.comparison_case import ComparisonCase


async def test_rounds_in_which_nothing_changes_are_not_compared(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "ooo")
    due = await comparison.case.installation.value("SELECT check_at FROM comparison")
    assert due is None
    await comparison.store(monitor, "ooo", comparison.case.at(-60))
    assert await comparison.case.installation.value("SELECT count(*) FROM changed_facts") == 0


async def test_starttls_that_one_location_misses_is_a_finding_after_three_rounds_and_a_recheck(
    comparison: ComparisonCase,
) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "omo", 3)
    assert await comparison.feed() == []
    await comparison.recheck(monitor, "omo")
    assert await comparison.feed() == [("began", "downgrade_suspected", "FR")]


async def test_a_mangled_keyword_is_starttls_stripped(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.confirm(monitor, "oxo")
    assert await comparison.suspicions() == [("fr", "starttls_stripped", True, True)]


async def test_two_rounds_ask_for_no_recheck(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "omo", 2)
    assert await comparison.case.rechecks() == 0


async def test_three_rounds_ask_all_locations_for_one_recheck(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "omo", 3)
    await comparison.compare()
    assert await comparison.case.rechecks() == 1


async def test_a_clean_round_forgets_the_suspicion(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "omo", 2)
    await comparison.rounds(monitor, "ooo")
    assert await comparison.suspicions() == []


async def test_a_finding_about_starttls_degrades_the_monitor(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    assert await comparison.evaluated(monitor, "ooo") == "up"
    await comparison.confirm(monitor, "omo")
    assert await comparison.evaluated(monitor, "omo") == "degraded"
    assert "only FR is not offered STARTTLS" in await comparison.case.reason(monitor)


async def test_an_interception_makes_the_monitor_partly_failing(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    assert await comparison.evaluated(monitor, "aaa") == "up"
    await comparison.confirm(monitor, "aia")
    assert await comparison.feed() == [("began", "interception_suspected", "FR")]
    assert await comparison.evaluated(monitor, "aia") == "partial"
    assert await comparison.case.timeline(monitor) == [("opened", "partial")]


async def test_the_verdict_is_good_again_when_the_finding_ended(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.confirm(monitor, "aia")
    assert await comparison.evaluated(monitor, "aia") == "partial"
    number = await comparison.case.number(monitor)
    for seconds in (20, 40, 60):
        await comparison.store(monitor, "aaa", comparison.case.at(seconds))
    await comparison.compare()
    assert (await comparison.feed())[-1] == ("ended", "interception_suspected", "FR")
    assert await comparison.case.installation.value(
        "SELECT NOT stable FROM monitor_state WHERE monitor_id = $1", number
    )


async def test_a_certificate_that_changed_everywhere_is_in_the_feed_once(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    await comparison.rounds(monitor, "bbb", 4)
    assert await comparison.feed() == [("changed", "certificate", "DE FR US")]


async def test_the_feed_is_on_the_stream(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    await comparison.rounds(monitor, "bbb", 3)
    [(body,)] = await comparison.case.installation.rows("SELECT body FROM event_outbox WHERE subject LIKE '%.fact'")
    event = msgspec.json.decode(body, type=FactEvent)
    assert (event.fact, event.countries) == ("certificate", ["DE", "FR", "US"])
    assert event.words.startswith("The certificate changed from CN=mail.example.org")


async def test_a_value_is_kept_with_its_first_and_last_sight(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    await comparison.rounds(monitor, "bbb", 3)
    rows = await comparison.case.installation.rows(
        "SELECT left(right(value, 1), 1), holds, last_at >= first_at FROM server_fact"
        " JOIN location ON location.id = location_id"
        " WHERE server_fact.name = 'certificate' AND code = 'fr' ORDER BY value"
    )
    assert rows == [("a", False, True), ("b", True, True)]


async def test_another_target_forgets_what_was_seen_of_the_former(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    changed = comparison.case.at(-250)
    await comparison.case.installation.value(
        "UPDATE monitor SET target_changed_at = $2 WHERE public_id = $1", monitor, changed
    )
    await comparison.store(monitor, "bbb", comparison.case.at(-200))
    await comparison.compare()
    values = await comparison.case.installation.rows(
        "SELECT DISTINCT value FROM server_fact WHERE name = 'certificate'"
    )
    assert [value[-1] for (value,) in values] == ["b"]
    assert await comparison.feed() == []


async def test_a_disabled_monitor_is_not_compared(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.case.installation.value("UPDATE monitor SET status = 'disabled'")
    await comparison.rounds(monitor, "omo", 3)
    assert await comparison.suspicions() == []


async def test_who_notes_changed_facts_waits_for_a_comparison_without_a_lock_of_its_facts(
    comparison: ComparisonCase,
) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "ooo")
    await comparison.store(monitor, "omo", comparison.case.at(-60))
    async with comparison.db.transaction() as comparing:
        await comparing.execute("SELECT FROM comparison FOR UPDATE")
        noting = asyncio.create_task(comparisons.take_changed(comparison.db))
        while not await comparison.case.installation.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        await comparing.execute("SET LOCAL lock_timeout = '1s'")
        await comparing.execute("UPDATE server_fact SET holds = holds")
    await noting


async def test_facts_of_a_monitor_are_found_by_its_key_before_there_are_statistics(comparison: ComparisonCase) -> None:
    """Each of 2,000 other monitors has the same facts at the location."""
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    installation = comparison.case.installation
    await installation.value("ALTER TABLE server_fact DISABLE TRIGGER ALL")
    await installation.value(
        "INSERT INTO server_fact (monitor_id, location_id, name, value, first_at, last_at, holds)"
        " SELECT 1000000 + n, location_id, name, value, first_at, last_at, holds"
        " FROM server_fact, generate_series(1, 2000) AS n"
    )
    rows = await installation.rows(
        "SELECT monitor_id, location_id, name, value || '2', address, last_at, true FROM server_fact"
        " WHERE monitor_id < 1000000"
    )
    columns = [list(column) for column in zip(*rows, strict=True)]
    async with comparison.db.connection() as connection:
        plan = await connection.fetch("EXPLAIN (ANALYZE, TIMING OFF) " + facts._KEEP, columns[0][0], *columns[1:])
    text = "\n".join(line for (line,) in plan)
    assert "Update on server_fact" in text
    assert not re.search(r"Rows Removed by Filter: [1-9]\d{2}", text), text
    held = await installation.rows("SELECT count(*) FROM server_fact WHERE holds AND monitor_id < 1000000")
    assert held == [(len(rows),)]


async def test_facts_with_nul_are_compared_like_others(comparison: ComparisonCase) -> None:
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    await comparison.rounds(monitor, "zzz", 4)
    assert ("changed", "certificate", "DE FR US") in await comparison.feed()
