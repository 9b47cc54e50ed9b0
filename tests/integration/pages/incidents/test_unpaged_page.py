"""Why nobody was paged: failures without an incident, and incidents without a notification, each with its reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.decisions.evaluation.unconfirmed import PassedAgain, UnconfirmedFailure
from controller.model import Role
from controller.store.evaluation import unconfirmed
from controller.store.incidents import incidents
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.rounds import Purpose
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.outages import REFUSED, add_delivery, make_locations, outage
from tests.integration.pages.browser import Browser, browsing_as

PATH = "/incidents/unpaged"
MISSING = "1 of 2 countries failed; the majority, 2, must fail."


@pytest.fixture(autouse=True)
async def nothing_failed(api: Api) -> None:
    await make_locations(api)
    await api.value("DELETE FROM incident")
    await api.value("DELETE FROM unconfirmed_failure")
    await api.value("DELETE FROM notification_channel")


@pytest.fixture
async def reader(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        yield browser


async def failed_once(
    api: Api, monitor: dict[str, Any], *, at: datetime | None = None, passed: Purpose | None = Purpose.RECHECK
) -> None:
    """One location failed once; 20 seconds later this evaluation passed."""
    due = to_ms(at or utc_now() - timedelta(hours=1))
    evidence = Evidence(
        due_at=to_datetime(due),
        purpose=Purpose.SCHEDULED,
        votes=[
            LocationEvidence(location="de-nbg", country="DE", ballot="failed", failure=REFUSED),
            LocationEvidence(location="fi-hel", country="FI", ballot="passed"),
        ],
    )
    async with api.database.transaction() as connection:
        failure = UnconfirmedFailure(due, 1, "1 of 2 countries cannot connect: refused; FI passes", MISSING, evidence)
        await unconfirmed.note(connection, [(monitor["id"], failure)])
        if passed:
            await unconfirmed.note_passed(connection, {monitor["id"]: PassedAgain(due + 20_000, passed)})


async def why(browser: Browser) -> list[str]:
    """The reasons of the incidents that nobody was notified of."""
    page = await browser.open(PATH)
    return [each.text for each in page.main.all("h3", class_="foreign")]


async def test_when_nothing_failed_it_says_so(reader: Browser) -> None:
    page = await reader.open(PATH)
    assert "Nothing failed in the last 8 days without an incident." in page.text


async def test_a_failure_without_an_incident_says_what_was_missing_and_how_it_ended(api: Api, reader: Browser) -> None:
    await failed_once(api, await api.create(name="Inbound"))
    page = await reader.open(PATH)
    [entry] = page.main.all("li", data_item="")
    assert "Inbound" in entry.text
    assert "1 of 2 countries cannot connect: refused; FI passes" in entry.text
    assert f"{MISSING} The recheck 20 s later passed." in entry.text
    assert "DE de-nbg fails: cannot connect: refused: refused" in entry.text


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (Purpose.RECHECK, "The recheck 20 s later passed."),
        (Purpose.SCHEDULED, "The round 20 s later passed."),
        (None, ""),
    ],
)
async def test_the_ending_is_said_as_far_as_it_is_known(
    api: Api, reader: Browser, passed: Purpose | None, expected: str
) -> None:
    await failed_once(api, await api.create(), passed=passed)
    page = await reader.open(PATH)
    [entry] = page.main.all("li", data_item="")
    assert f"{MISSING} {expected}".strip() in entry.text
    assert ("later passed" in entry.text) is bool(expected)


async def test_one_monitor_can_be_looked_at_alone(api: Api, reader: Browser) -> None:
    one, other = await api.create(name="One"), await api.create(name="Other")
    await failed_once(api, one)
    await failed_once(api, other)
    await outage(api, other)
    page = await reader.open(f"{PATH}?monitor={one['publicId']}")
    [entry] = page.main.all("li", data_item="")
    assert "One" in entry.text
    assert "Only of the monitor One" in page.text


async def test_what_belongs_to_others_is_not_listed(api: Api, reader: Browser) -> None:
    monitor = await api.create(customerId=OTHER_CUSTOMER)
    await failed_once(api, monitor)
    await outage(api, monitor)
    page = await reader.open(PATH)
    assert page.main.all("li", data_item="") == []
    async with browsing_as(api, Role.ADMIN, organization="Strange") as stranger:
        assert (await stranger.open(PATH)).main.all("li", data_item="") == []
    async with browsing_as(api, Role.ADMIN) as admin:
        assert len((await admin.open(PATH)).main.all("li", data_item="")) == 2


async def test_failures_come_in_pages(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    for hours in range(53, 0, -1):
        await failed_once(api, monitor, at=utc_now() - timedelta(hours=hours))
    page = await reader.open(PATH)
    assert len(page.main.all("li", data_item="")) == 50
    assert "1–50 of 53 entries" in page.text
    assert len((await reader.open(page.links["Older"])).main.all("li", data_item="")) == 3


async def test_without_any_channel_nobody_was_notified(api: Api, reader: Browser) -> None:
    await outage(api, await api.create())
    assert await why(reader) == ["No channel is set up for this monitor: nobody was notified."]


async def test_switched_off_notifications_are_a_reason(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    await api.value("UPDATE monitor SET notify_on_error = false WHERE id = $1", monitor["id"])
    await outage(api, monitor)
    assert await why(reader) == ["The notifications of this monitor are switched off: nobody was notified."]


async def test_maintenance_is_a_reason_even_when_it_is_over(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    await api.value(
        "INSERT INTO maintenance_time (monitor_id, from_at, to_at)"
        " VALUES ($1, now() - interval '1 hour', now() + interval '1 hour')",
        monitor["id"],
    )
    await outage(api, monitor)
    assert await why(reader) == ["The monitor was in maintenance: nobody was notified."]


async def test_the_reason_names_the_maintenance_window(api: Api, reader: Browser) -> None:
    monitor = await api.create()
    window = await api.value(
        "INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect)"
        " SELECT organization_id, 'Patch day', 'UTC', now(), 'silence' FROM monitor WHERE id = $1 RETURNING id",
        monitor["id"],
    )
    await api.value(
        "INSERT INTO maintenance_time (monitor_id, window_id, from_at, to_at)"
        " VALUES ($1, $2, now() - interval '1 hour', now() + interval '1 hour')",
        monitor["id"],
        window,
    )
    await outage(api, monitor)
    assert await why(reader) == ['The monitor was in maintenance ("Patch day"): nobody was notified.']


async def channel(api: Api, *, allowed_package_types: list[str] | None = None) -> None:
    await api.value(
        "INSERT INTO notification_channel (organization_id, type, name, config, allowed_package_types)"
        " SELECT id, 'slack', 'Ops', '{}', $1::text[] FROM organization WHERE name = 'Ours'",
        allowed_package_types,
    )


async def test_a_regional_outage_needs_a_channel_of_the_monitor_itself(api: Api, reader: Browser) -> None:
    await channel(api)
    await outage(api, await api.create())
    await api.value("UPDATE incident_change SET severity = 'partial'")
    await api.value("UPDATE incident SET severity = 'partial'")
    [text] = await why(reader)
    assert text.startswith("A regional outage is reported only on the monitor's own channels")


async def test_channels_that_are_meant_for_others_are_a_reason(api: Api, reader: Browser) -> None:
    await channel(api, allowed_package_types=["gold"])
    await outage(api, await api.create())
    [text] = await why(reader)
    assert text.startswith("No channel is meant for this monitor:")


async def test_channels_that_were_set_up_later_are_a_reason(api: Api, reader: Browser) -> None:
    await outage(api, await api.create())
    await channel(api)
    [text] = await why(reader)
    assert text.startswith("The channels of today were not set up")


async def test_deliveries_that_failed_or_were_skipped_are_reasons_and_one_that_was_sent_is_none(
    api: Api, reader: Browser
) -> None:
    found = await outage(api, await api.create())
    await add_delivery(api, found, "Ops", "403")
    await api.value("UPDATE delivery SET state = 'failed', error = '403 at https://hooks.example.com/T0/secret'")
    await add_delivery(api, found, "Late", "over")
    await api.value("UPDATE delivery SET state = 'skipped', error = 'it was over' WHERE channel_name = 'Late'")
    assert await why(reader) == ["Failed for good: 403 at https://hooks.example.com/…. Not sent: it was over."]
    await add_delivery(api, found, "Mail", None)
    await api.value("UPDATE delivery SET state = 'sent' WHERE channel_name = 'Mail'")
    assert await why(reader) == []


async def test_an_old_incident_is_no_news(api: Api, reader: Browser) -> None:
    found = await outage(api, await api.create())
    async with api.database.transaction() as connection:
        await incidents.resolve(connection, found.incident.id, reason="it passes")
    await api.value("UPDATE incident SET resolved_at = now() - interval '9 days'")
    assert await why(reader) == []
