"""The charts of a monitor's page show the values that the API answers for the same time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from controller.model import Role
from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.epoch import to_datetime
from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming
from tests.integration.api.conftest import Api
from tests.integration.api.outages import REFUSED, check_result, make_locations, timestamp
from tests.integration.api.stored_history import BLIND
from tests.integration.pages.browser import Page, browsing_as

HOUR = timedelta(hours=1)


async def checked(api: Api) -> tuple[dict[str, Any], datetime]:
    """A monitor with two hours of rounds from two locations, some failed or blind, and the end of the last slice."""
    await make_locations(api)
    made = await api.create(checkIntervalSeconds=60)
    await api.value("UPDATE monitor SET created_at = now() - interval '10 days' WHERE id = $1", made["id"])
    await api.value(
        "UPDATE rollup_progress SET closed_until = now() - interval '9 days', rolled_until = now() - interval '9 days'"
    )
    end = utc_now().replace(second=0, microsecond=0)
    end -= timedelta(minutes=end.minute % 5)
    results = []
    for number in range(1, 121):
        due = end - timedelta(minutes=number)
        for code, slower in (("de-nbg", 1), ("fi-hel", 3)):
            fault = {0: {"failure": REFUSED}, 1: {"failure": BLIND}}.get(number % 17, {})
            took = slower * (10 + number % 7 + number / 100)
            phases = [
                PhaseTiming(phase=Phase.CONNECT, start_ms=0, duration_ms=took / 4),
                PhaseTiming(phase=Phase.EHLO, start_ms=took / 4, duration_ms=took / 4),
                PhaseTiming(phase=Phase.EHLO, start_ms=took / 2, duration_ms=took / 4),
            ]
            results.append(
                msgspec.structs.replace(check_result(made, due, code, phases=phases, **fault), duration_ms=took)
            )
    await store_results(api.database, results)
    return made, end


def island(page: Page) -> dict[str, Any]:
    text = page.html.partition('<script type="application/json" id="chart-data">')[2].partition("</script>")[0]
    found: dict[str, Any] = msgspec.json.decode(text)
    for slices in found["values"].values():
        for values in slices.values():
            values[0] = None if values[0] is None else values[0] / 100
            values[4:] = [value / 100 for value in values[4:]]
    return found


@pytest.mark.parametrize("rolled", [False, True], ids=["from results", "from roll-ups"])
async def test_the_values_are_those_of_the_api(api: Api, rolled: bool) -> None:
    made, end = await checked(api)
    since = end - 2 * HOUR
    if rolled:
        since = (end - timedelta(days=3)).replace(hour=0, minute=0)
        since_roll = end - timedelta(hours=6)
        await api.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", since_roll)
        await api.value(
            "UPDATE rollup_progress SET closed_until = date_trunc('hour', closed_until),"
            " rolled_until = date_trunc('hour', rolled_until)"
        )
        await roll_up(api.database, end + HOUR)
    query = {"startDate": timestamp(since), "endDate": timestamp(end)}
    answer = (await api.client.get(f"/api/smtp-monitors/{made['publicId']}/details", params=query)).json()
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}?from={timestamp(since)}&to={timestamp(end)}")
    shown = island(page)
    assert shown["seconds"] == answer["monitoringDataMeta"]["bucketSeconds"]
    assert timestamp_of(shown["since"]) == answer["monitoringDataMeta"]["from"]
    expected = {
        (code, bucket["bucketStart"]): (one["avgMs"], one["checks"] - one["failures"], one["failures"], one["blind"])
        for bucket in answer["monitoringData"]
        for code, one in bucket["byLocation"].items()
    }
    found = {
        (code, timestamp_of(shown["since"] + 1000 * shown["seconds"] * int(number))): tuple(values[:4])
        for code, slices in shown["values"].items()
        for number, values in slices.items()
    }
    assert found == expected
    assert len(found) >= (2 if rolled else 48)
    for slices in shown["values"].values():
        for values in slices.values():
            if values[0] is not None:
                assert sum(values[4:]) == pytest.approx(values[0], abs=0.05)
    assert shown["layers"] == ["connect", "ehlo", "rest"]


async def test_the_table_without_script_has_the_same_averages(api: Api) -> None:
    made, end = await checked(api)
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}?range=hour&to={timestamp(end)}")
    (table,) = [rows for rows in page.tables() if rows[0][0] == "Slice from (UTC)"]
    shown = island(page)
    newest = max(map(int, shown["values"]["de-nbg"]))
    assert len(table) == 1 + len(shown["values"]["de-nbg"])
    assert table[1][1].split()[0] == f"{shown['values']['de-nbg'][str(newest)][0]:.0f}"


async def test_too_many_checks_are_shown_by_percentiles(api: Api) -> None:
    """A week of checks each minute from two locations."""
    made, _ = await checked(api)
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}?range=week")
    shown = island(page)
    assert shown["layers"] == ["p50", "p95", "p99"]
    assert "half of the checks (p50)" in page.id("durations").text
    for slices in shown["values"].values():
        for average, passed, _, _, *percentiles in slices.values():
            if passed:
                assert percentiles == sorted(percentiles)
                assert percentiles[0] == pytest.approx(average, rel=0.6)


async def test_failures_are_marks_and_no_part_of_durations(api: Api) -> None:
    made, _ = await checked(api)
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}")
    stacks = page.id("chart").all("svg", class_="stack")
    assert len(stacks) == 2
    assert all(stack.all("path", class_="is-down") and stack.all("path", class_="blind") for stack in stacks)
    bars = [bar.attributes["aria-label"] for bar in page.id("course").all("svg", class_="bar")]
    assert bars[0] == "Verdict: not known"
    assert bars[1].startswith("DE de-nbg: passed in ")


def timestamp_of(moment_ms: int) -> str:
    return timestamp(to_datetime(moment_ms))
