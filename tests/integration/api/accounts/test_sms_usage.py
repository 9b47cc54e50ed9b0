"""`smsUsageCurrentMonth` of a customer: the text messages about its incidents that were really sent this month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.store.notifications import deliveries
from controller.store.notifications.deliveries import NewDelivery
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.outages import Outage, make_locations, outage

ZONE = "Pacific/Kiritimati"
"""It is fourteen hours ahead, so a month begins when the last one still lasts by UTC."""


def month_began() -> datetime:
    return utc_now().astimezone(ZoneInfo(ZONE)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
async def down(api: Api) -> Outage:
    await make_locations(api)
    await api.value("UPDATE organization SET time_zone = $1", ZONE)
    return await outage(api, await api.create())


async def deliver(api: Api, down: Outage, type_: str, state: str, sent_at: datetime | None) -> None:
    """A delivery of a channel of its own, in this state."""
    async with api.database.transaction() as connection:
        await deliveries.insert(
            connection,
            down.monitor["organizationId"],
            {},
            [NewDelivery(None, None, type_, f"{type_} {state} {sent_at}")],
            incident_id=down.incident.id,
        )
        await connection.execute(
            "UPDATE delivery SET state = $1, sent_at = $2 WHERE id = (SELECT max(id) FROM delivery)", state, sent_at
        )


async def usage(api: Api) -> dict[str, Any]:
    """Of each customer that the list shows, which must agree with the customer's own page."""
    listed = (await api.client.get("/api/customers")).json()
    for customer in listed:
        alone = (await api.client.get(f"/api/customers/{customer['publicId']}")).json()
        assert alone == customer
    return {customer["publicId"]: customer["smsUsageCurrentMonth"] for customer in listed}


async def test_only_text_messages_that_were_sent_this_month_count(api: Api, down: Outage) -> None:
    assert await usage(api) == {CUSTOMER: 0, OTHER_CUSTOMER: 0}
    began = month_began()
    await deliver(api, down, "sms", "sent", began)
    await deliver(api, down, "sms", "sent", utc_now())
    for type_, state, at in (
        ("sms", "sent", began - timedelta(milliseconds=1)),
        ("sms", "sent", datetime(2020, 1, 1, tzinfo=UTC)),
        ("sms", "waiting", None),
        ("sms", "failed", None),
        ("sms", "skipped", None),
        ("email", "sent", utc_now()),
        ("webhook", "sent", utc_now()),
    ):
        await deliver(api, down, type_, state, at)
    assert await usage(api) == {CUSTOMER: 2, OTHER_CUSTOMER: 0}


async def test_a_change_of_the_customer_answers_it_too(api: Api, down: Outage) -> None:
    expected = (await usage(api))[CUSTOMER] + 1
    await deliver(api, down, "sms", "sent", utc_now())
    answer = await api.client.patch(f"/api/customers/{CUSTOMER}", json={"monthlyReportsEnabled": True})
    assert answer.json()["smsUsageCurrentMonth"] == expected


async def test_another_organizations_messages_are_not_counted(api: Api, down: Outage) -> None:
    await deliver(api, down, "sms", "sent", utc_now())
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    strange = (await api.client.get("/api/customers", headers=headers)).json()
    assert [customer["smsUsageCurrentMonth"] for customer in strange] == [0]
