"""The daily or weekly digest of a channel."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec

from controller.notify.report_notice import ReportNotice
from controller.pipeline.delivery.report_digests import send_digests
from controller.store.platform.partitions import make_partitions
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


async def warned(case: NotificationCase, kind: str, detail: str, code: str = "de-nbg") -> None:
    """Have the newest check at a location warn of this."""
    now = utc_now().replace(microsecond=0)
    await make_partitions(case.db, now.date(), now.date())
    location = await case.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, 'DE', 'k')"
        " ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name RETURNING id",
        code,
    )
    await case.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases,"
        " warnings) VALUES ($1, $2, $3, 'scheduled', 'success', 5, $2, 'one', '[]', $4)",
        case.monitor_id,
        now,
        location,
        [{"kind": kind, "detail": detail}],
    )
    await case.value(
        "INSERT INTO latest (monitor_id, location_id, due_at, status, duration_ms) VALUES ($1, $2, $3, 'success', 5)",
        case.monitor_id,
        location,
        now,
    )


async def test_warnings_that_stand_are_reported_with_what_to_do(case: NotificationCase) -> None:
    due = await planned(case)
    await warned(case, "tls_weak", "TLSv1.1")
    await warned(case, "slow", "took 4,000 ms", "us-nyc")
    await case.value(
        "INSERT INTO suspicion (monitor_id, location_id, kind, address, detail, since_at, confirmed_at, said)"
        " SELECT $1, id, 'downgrade_suspected', '192.0.2.1', '', now(), now(), true FROM location"
        " WHERE code = 'us-nyc'",
        case.monitor_id,
    )
    assert await send_digests(case.db, due) == 1
    notice = msgspec.convert(
        await case.value("SELECT notice FROM delivery WHERE notice ->> 'type' = 'report' LIMIT 1"), ReportNotice
    )
    assert [(one.warning, one.locations, one.remedy) for one in notice.warnings] == [
        ("downgrade suspected: only DE is not offered STARTTLS", 1, ""),
        ("tls weak: TLSv1.1", 1, "Switch TLS 1.2 and 1.3 on, with ECDHE ciphers."),
    ]
    assert notice.summary == "2 warnings stand"


async def test_warnings_of_a_disabled_location_are_not_reported(case: NotificationCase) -> None:
    due = await planned(case)
    await warned(case, "tls_weak", "TLSv1.1")
    await case.value("UPDATE location SET enabled = false")
    assert await send_digests(case.db, due) == 1
    assert await case.value("SELECT notice ->> 'numberWarnings' FROM delivery LIMIT 1") == "0"
