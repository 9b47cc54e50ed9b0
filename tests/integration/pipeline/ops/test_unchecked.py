"""A monitor that no location can check is unknown and says why; ops are told, once, of those without any location."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from controller.metrics.database import database_collector
from controller.pipeline.ops.unchecked import UncheckedMonitors
from controller.store.monitors import unlocated
from shared.clock import utc_now
from shared.wire.messages import Unfitness
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.scraped import Scraped

OPS = "ops@example.net"


@pytest.fixture
def unchecked(case: EvaluationCase) -> UncheckedMonitors:
    return UncheckedMonitors(case.db, case.installation.bus, [OPS])


async def state(case: EvaluationCase, monitor: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await case.installation.value(
        "SELECT state FROM monitor_state JOIN monitor ON monitor.id = monitor_id WHERE public_id = $1", monitor
    )
    return found


async def notices(case: EvaluationCase) -> list[tuple[str, bool]]:
    rows = await case.installation.rows("SELECT receiver, notice FROM delivery ORDER BY id")
    assert {receiver for receiver, _ in rows} <= {OPS}
    return [(notice["title"], notice["over"]) for _, notice in rows]


async def agents(case: EvaluationCase, unfit: list[Unfitness], *codes: str) -> None:
    for code in codes:
        await case.installation.value(
            "INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at, unfit)"
            " SELECT id, 'a', '{smtp}', '1', now(), now() + interval '1 hour', $2 FROM location WHERE code = $1"
            " ON CONFLICT (location_id, name) DO UPDATE SET unfit = excluded.unfit",
            code,
            [one.value for one in unfit],
        )


async def test_a_monitor_whose_last_location_goes_is_unknown_and_ops_are_told_once(
    case: EvaluationCase, unchecked: UncheckedMonitors
) -> None:
    german, off = await case.monitor(), await case.monitor(status="disabled")
    for monitor in (german, off):
        await case.installation.value(
            "UPDATE monitor SET allowed_check_country_codes = '{DE}', name = 'Mail of Bonn' WHERE public_id = $1",
            monitor,
        )
    elsewhere = await case.monitor()
    for monitor in (german, elsewhere):
        await case.evaluate(monitor, -20, "ppp")
    await unchecked.review()
    assert (await notices(case), await unlocated.count(case.db)) == ([], 0)

    began = utc_now()
    await case.installation.value("UPDATE location SET enabled = false WHERE code = 'de'")
    for _ in range(3):
        await unchecked.review()
    found = await state(case, german)
    assert found.get("reason") == "no location can check it: no location in DE is enabled"
    assert await case.verdict(german) == "unknown"
    assert abs(found["sinceMs"] / 1000 - began.timestamp()) < 60
    assert await case.verdict(elsewhere) == "up"
    assert await unlocated.count(case.db) == 1
    assert await notices(case) == [("1 monitor without a location", False)]
    text = await case.installation.value("SELECT notice ->> 'paragraphs' FROM delivery")
    assert "Mail of Bonn (smtp smtp.example.com): no location in DE is enabled." in text

    await case.installation.value("UPDATE location SET enabled = true WHERE code = 'de'")
    for _ in range(2):
        await unchecked.review()
    assert (await notices(case))[1:] == [("1 monitor no longer without a location", True)]
    await case.evaluate(german, 30, "p--")
    assert (await case.verdict(german), await unlocated.count(case.db)) == ("up", 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE monitor SET status = 'disabled' WHERE hostname = 'smtp.example.com'", id="disabled"),
        pytest.param("UPDATE monitor SET deleted_at = now()", id="deleted"),
        pytest.param("UPDATE monitor SET allowed_check_country_codes = '{US}'", id="changed to another country"),
        pytest.param(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ('it', 'IT', 'IT', 'k')", id="added"
        ),
        pytest.param(
            "UPDATE monitor SET allowed_check_country_codes = NULL, location_ids = ARRAY[(SELECT min(id) FROM"
            " location)]",
            id="given a list of locations",
        ),
    ],
)
async def test_the_notice_ends_with_its_cause(case: EvaluationCase, unchecked: UncheckedMonitors, change: str) -> None:
    monitor = await case.monitor(allowed_check_country_codes=["IT"])
    await unchecked.review()
    found = await state(case, monitor)
    assert found["reason"] == "no location can check it: no location in IT is enabled"
    assert abs(found["sinceMs"] / 1000 - utc_now().timestamp()) < 60, "it was never evaluated"
    await case.installation.value(change)
    for _ in range(2):
        await unchecked.review()
    assert await notices(case) == [
        ("1 monitor without a location", False),
        ("1 monitor no longer without a location", True),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE customer SET allowed_check_country_codes = '{JP}'", id="customer"),
        pytest.param("UPDATE organization SET allowed_check_country_codes = '{JP}'", id="organization"),
    ],
)
async def test_countries_of_the_customer_or_organization_count_and_so_does_a_list_of_locations(
    case: EvaluationCase, unchecked: UncheckedMonitors, statement: str
) -> None:
    listed = await case.monitor(allowed_check_country_codes=["FR"])
    await case.installation.value(
        "UPDATE monitor SET location_ids = ARRAY[(SELECT id FROM location WHERE code = 'de')] WHERE public_id = $1",
        listed,
    )
    inherits = await case.monitor()
    await case.installation.value(statement)
    await unchecked.review()
    assert {one.public_id for one in await unlocated.unlocated_monitors(case.db)} == {listed, inherits}
    assert (await state(case, listed))["reason"].endswith("none of the locations that it names in FR is enabled")
    assert (await state(case, inherits))["reason"].endswith("no location in JP is enabled")
    assert await notices(case) == [("2 monitors without a location", False)]


async def test_when_all_locations_are_unfit_the_verdict_names_the_setting(
    case: EvaluationCase, unchecked: UncheckedMonitors
) -> None:
    monitor = await case.monitor()
    await agents(case, [Unfitness.RESOLVER_BROKEN], "de", "us", "fr")
    await case.evaluate(monitor, -20, "aaa")
    evaluated = await state(case, monitor)
    assert evaluated["sinceMs"] == evaluated["takenMs"], "the first verdict has a moment, too"
    await unchecked.review()
    found = await state(case, monitor)
    assert found["reason"] == (
        "no location can check it: no resolver at any location answers for the control name; set"
        " MAILPROBE_CONTROL_NAME to a name that your resolver knows"
    )
    assert found["sinceMs"] == evaluated["sinceMs"]
    await unchecked.review()
    assert await state(case, monitor) == found

    await agents(case, [Unfitness.PORT25_BLOCKED], "de", "us", "fr")
    await unchecked.review()
    assert "MAILPROBE_PORT25_HOSTS" in (await state(case, monitor))["reason"]
    await agents(case, [], "de")
    await unchecked.review()
    assert (await state(case, monitor))["reason"] == "a location can check it again, and has sent no result yet"
    await case.evaluate(monitor, 40, "ppp")
    await unchecked.review()
    assert (await case.verdict(monitor), await notices(case)) == ("up", [])


async def test_a_monitor_that_some_location_can_judge_keeps_its_verdict(
    case: EvaluationCase, unchecked: UncheckedMonitors
) -> None:
    monitor = await case.monitor()
    await agents(case, [Unfitness.RESOLVER_BROKEN], "de", "us", "fr")
    await case.evaluate(monitor, -20, "fan")
    before = await state(case, monitor)
    await unchecked.review()
    assert await state(case, monitor) == before
    assert await case.verdict(monitor) == "unknown"


async def test_monitors_without_a_location_are_counted_for_metrics(case: EvaluationCase) -> None:
    collector = database_collector(case.db)
    registry = CollectorRegistry()
    registry.register(collector)

    def shown() -> list[float]:
        return Scraped.of(generate_latest(registry).decode()).all("mailprobe_monitors_without_location")

    for country, status in (("JP", "active"), ("JP", "maintenance"), ("JP", "disabled"), ("DE", "active")):
        await case.monitor(allowed_check_country_codes=[country], status=status)
    await collector.refresh()
    assert shown() == [2]
    await case.installation.value("UPDATE location SET enabled = false WHERE code = 'de'")
    await collector.refresh()
    assert shown() == [3]
