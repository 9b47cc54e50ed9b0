"""The daily or weekly digest of a channel."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from controller.pipeline.delivery.report_digests import send_digests
from shared.clock import utc_now
from tests.integration.notify.notification_case import NotificationCase

DAILY: dict[str, Any] = {"frequency": "daily", "at": "08:00", "weekday": "mon"}
TO = ["first@example.com", "second@example.com"]


async def planned(case: NotificationCase, **values: Any) -> datetime:
    """When the first digest of a new channel is due."""
    await case.channel("email", "Weekly", {"to": TO}, digest=DAILY, **values)
    assert await send_digests(case.db) == 0
    due: datetime = await case.value("SELECT digest_due_at FROM notification_channel")
    assert due > utc_now()
    return due


async def test_controllers_at_once_make_one_digest_to_each_address(case: NotificationCase) -> None:
    due = await planned(case)
    assert await send_digests(case.db, due - timedelta(seconds=1)) == 0
    assert sum(await asyncio.gather(*(send_digests(case.db, due) for _ in range(4)))) == 1
    assert await send_digests(case.db, due + timedelta(hours=1)) == 0
    assert await case.value("SELECT array_agg(receiver ORDER BY receiver) FROM delivery") == TO
    assert await case.value("SELECT notice ->> 'type' FROM delivery LIMIT 1") == "report"


async def test_what_was_missed_comes_once(case: NotificationCase) -> None:
    due = await planned(case)
    assert await send_digests(case.db, due + timedelta(hours=23)) == 1
    assert await case.value("SELECT digest_due_at FROM notification_channel") > due + timedelta(hours=23)


async def test_what_was_missed_for_longer_is_left_to_the_next_one(case: NotificationCase) -> None:
    due = await planned(case)
    since = await case.value("SELECT digest_since FROM notification_channel")
    assert await send_digests(case.db, due + timedelta(days=2)) == 0
    assert await case.value("SELECT digest_since FROM notification_channel") == since


async def test_an_outage_that_lasts_is_reported(case: NotificationCase) -> None:
    due = await planned(case)
    incident = await case.opened()
    assert await send_digests(case.db, due) == 1
    reported = await case.value(
        "SELECT notice -> 'wrong' -> 0 ->> 'incidentPublicId' FROM delivery WHERE notice ->> 'type' = 'report' LIMIT 1"
    )
    assert reported == str(incident.public_id)


async def test_a_switched_off_channel_gets_none(case: NotificationCase) -> None:
    due = await planned(case)
    async with case.db.connection() as connection:
        await connection.execute("UPDATE notification_channel SET is_active = false")
    assert await send_digests(case.db, due) == 0
    assert await case.value("SELECT count(*) FROM delivery") == 0
