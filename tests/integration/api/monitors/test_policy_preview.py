"""The preview of a policy: what it would have opened in the last days, beside what today's would have."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.operations.monitors.previews.process import Previews
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.api.past_outages import PastOutage, store_past

LONG = PastOutage(30, 12)
SHORT = PastOutage(50, 2)
OF_ONE_COUNTRY = PastOutage(80, 30, ("fi-hel",))


@pytest.fixture(autouse=True)
async def nothing_set(api: Api) -> None:
    await api.value("UPDATE organization SET policy = NULL")
    await api.value("UPDATE customer SET policy = NULL, alert_location_threshold_count = NULL")
    await api.value("UPDATE monitor SET status = 'disabled'")


async def preview(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.post(f"{path}/policy/preview", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def made(api: Api, *outages: PastOutage) -> tuple[str, list[datetime]]:
    monitor = await api.create()
    began = await store_past(api, monitor, outages)
    return f"/api/v1/monitors/{monitor['publicId']}", began


async def test_it_counts_what_each_policy_opens(api: Api) -> None:
    path, _ = await made(api, LONG, SHORT)
    found = await preview(api, path, {"consecutiveRounds": 5})
    assert (found["current"]["incidents"], found["proposed"]["incidents"]) == (2, 1)
    assert (found["days"], found["monitors"], found["monitorsWithFailures"], found["monitorsReplayed"]) == (7, 1, 1, 1)
    assert found["opened"] == 0, "no controller evaluated them"
    assert found["policy"]["consecutiveRounds"] == 5
    assert found["proposed"]["seconds"] < found["current"]["seconds"]


async def test_it_lists_what_differs_with_its_moments(api: Api) -> None:
    path, [long, short] = await made(api, LONG, SHORT)
    found = await preview(api, path, {"consecutiveRounds": 5})
    assert found["differing"] == 2
    later, gone = found["incidents"]
    assert (later["difference"], gone["difference"]) == ("changed", "removed")
    assert gone["proposed"] is None
    assert gone["current"]["severity"] == "down"
    assert gone["current"]["reason"] == "2 of 2 countries cannot connect: refused"
    opened = datetime.fromisoformat(gone["current"]["openedAt"])
    assert timedelta(0) < opened - short < timedelta(seconds=30)
    for which, minutes in (("current", 0), ("proposed", 4)):
        opened = datetime.fromisoformat(later[which]["openedAt"])
        assert timedelta(minutes=minutes) < opened - long < timedelta(minutes=minutes, seconds=30)
        resolved = datetime.fromisoformat(later[which]["resolvedAt"])
        assert timedelta(minutes=12) <= resolved - long < timedelta(minutes=13)


async def test_one_country_is_a_partial_outage_and_for_any_country_a_whole_one(api: Api) -> None:
    path, _ = await made(api, OF_ONE_COUNTRY)
    found = await preview(api, path, {"quorum": "any"})
    [one] = found["incidents"]
    assert (one["current"]["severity"], one["proposed"]["severity"]) == ("partial", "down")


async def test_nothing_is_changed(api: Api) -> None:
    path, _ = await made(api, LONG)
    before = (await api.client.get(f"{path}/policy")).json()
    await preview(api, path, {"quorum": "any", "recoveryRounds": 7})
    assert (await api.client.get(f"{path}/policy")).json() == before


async def test_a_customer_and_an_organization_are_replayed_without_monitors_that_have_a_policy(api: Api) -> None:
    await made(api, LONG)
    own, _ = await made(api, LONG, SHORT)
    assert (await api.client.patch(f"{own}/policy", json={"quorum": 2})).status_code == 200
    for path in (f"/api/v1/customers/{CUSTOMER}", f"/api/v1/organizations/{ORGANIZATION}"):
        found = await preview(api, path, {"consecutiveRounds": 50})
        assert (found["monitors"], found["current"]["incidents"], found["proposed"]["incidents"]) == (1, 1, 0)


async def test_a_monitor_without_failures_is_not_replayed(api: Api) -> None:
    path, _ = await made(api, PastOutage(10, 0))
    found = await preview(api, path, {"quorum": "any"})
    assert (found["monitors"], found["monitorsWithFailures"], found["proposed"]["incidents"]) == (1, 0, 0)


async def test_an_outage_that_began_before_is_not_counted_as_a_new_one(api: Api) -> None:
    path, _ = await made(api, PastOutage(7 * 24 + 1, 180))
    found = await preview(api, path, {"recoveryRounds": 2})
    assert (found["current"]["incidents"], found["proposed"]["incidents"]) == (0, 0)


async def test_a_reset_shows_what_the_level_above_opens(api: Api) -> None:
    path, _ = await made(api, SHORT)
    assert (await api.client.patch(f"{path}/policy", json={"consecutiveRounds": 9})).status_code == 200
    found = await preview(api, path, {"preset": None})
    assert (found["current"]["incidents"], found["proposed"]["incidents"]) == (0, 1)


async def test_when_the_time_is_over_it_says_how_many_monitors_it_replayed(api: Api) -> None:
    path, _ = await made(api, LONG)
    previews: Previews = api.application.state.services.previews
    seconds, previews.seconds = previews.seconds, 0.0
    try:
        found = await preview(api, path, {"quorum": "any"})
    finally:
        previews.seconds = seconds
    assert (found["monitorsWithFailures"], found["monitorsReplayed"], found["current"]["incidents"]) == (1, 0, 0)


async def test_when_the_database_takes_too_long_it_says_so_and_replays_nothing(api: Api) -> None:
    path, _ = await made(api, LONG)
    previews: Previews = api.application.state.services.previews
    seconds, previews.reading_seconds = previews.reading_seconds, 0.5
    try:
        async with api.database.transaction() as blocker:
            await blocker.execute("LOCK TABLE result IN ACCESS EXCLUSIVE MODE")
            answer = await api.client.post(f"{path}/policy/preview", json={"quorum": "any"})
    finally:
        previews.reading_seconds = seconds
    assert answer.status_code == 429, answer.text
    assert "no time to read which checks failed" in answer.json()["detail"]
    assert (await preview(api, path, {"quorum": "any"}))["monitorsReplayed"] == 1


async def test_a_second_preview_of_the_same_caller_has_to_wait(api: Api) -> None:
    path, _ = await made(api, LONG)
    sent = [api.client.post(f"{path}/policy/preview", json={}) for _ in range(2)]
    first, second = sorted(await asyncio.gather(*sent), key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["Retry-After"] == "10"


@pytest.mark.parametrize(
    ("body", "field"), [({"quorum": 0}, "quorum"), ({"rechecks": 6}, "rechecks"), ({"preset": "x"}, "preset")]
)
async def test_a_wrong_field_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    path, _ = await made(api)
    answer = await api.client.post(f"{path}/policy/preview", json=body)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (400, [field])
