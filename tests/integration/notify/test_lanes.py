"""A channel gets several notifications at once, and those of an incident in order, however many wait."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from controller.pipeline.delivery.notifier import ON_A_CHANNEL, Notifier
from controller.store.platform.pool import Database
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, eventually


async def test_a_channel_that_works_gets_several_at_once(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url, "timeout": 30})
    await case.opened()
    await case.deliver_due()
    for _ in range(2 * ON_A_CHANNEL):
        await case.opened(await case.monitor())
    hook.hold()
    async with case.notifying(), case.notifying():

        async def all_requested() -> bool:
            return hook.requests == 1 + ON_A_CHANNEL

        await eventually(all_requested)
        for _ in range(10):
            await asyncio.sleep(0.03)
        assert hook.requests == 1 + ON_A_CHANNEL, "not more, by two controllers together"
        hook.release()
        await case.nothing_due()
    assert len(hook.received) == 1 + 2 * ON_A_CHANNEL


async def test_a_channel_of_which_nothing_is_known_gets_one_at_first(case: NotificationCase, hook: WebhookSink) -> None:
    """So that one that hangs takes no more than one slot."""
    await case.channel("webhook", "Hook", {"url": hook.url})
    for _ in range(5):
        await case.opened(await case.monitor())
    assert len(await case.claim()) == 1


async def test_the_changes_of_an_incident_arrive_in_order_from_several_controllers(
    case: NotificationCase, hook: WebhookSink, database_url: str
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    async with Database.open(database_url) as db:
        other = NotificationCase(db, case.vault, case.senders)
        async with case.notifying(), other.notifying():
            for _ in range(12):
                incident = await case.opened(await case.monitor(), severity="partial")
                await case.changed(incident, "escalated")
                await case.resolved(incident)
            await case.nothing_due()
    arrived = defaultdict(list)
    for post in hook.received:
        arrived[post.json["incident"]["publicId"]].append(post.json["change"])
    assert set(map(tuple, arrived.values())) == {("escalated", "resolved")}, "the organization hears of full outages"
    assert len(arrived) == 12


async def test_a_claim_takes_as_many_as_there_are_slots_from_many_channels(
    case: NotificationCase, hook: WebhookSink
) -> None:
    for number in range(6):
        await case.channel("webhook", f"Hook {number}", {"url": hook.url})
        await case.channel("email", f"Mail {number}", {"to": f"ops-{number}@example.net"})
    await case.opened()
    claimed = await case.claim(free=4)
    assert sorted(one.type for one in claimed) == ["email"] * 4 + ["webhook"] * 4
    assert sorted(one.type for one in await case.claim(free=4)) == ["email"] * 2 + ["webhook"] * 2


async def test_a_delivery_that_a_controller_without_lanes_claims_meanwhile_is_not_claimed_again(
    case: NotificationCase, hook: WebhookSink
) -> None:
    """While a version before this one still runs beside it."""
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    await case.claim(free=0)
    async with case.db.transaction() as connection:
        await connection.execute("UPDATE delivery SET claimed_until = now() + interval '15 seconds', attempts = 1")
        claiming = asyncio.create_task(case.claim())

        async def waits() -> bool:
            return bool(await case.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await eventually(waits)
    assert await claiming == []


async def test_a_claim_reads_a_few_rows_however_many_wait(case: NotificationCase, hook: WebhookSink) -> None:
    """In a lane and in many lanes, in one that is full and in one whose receiver fails."""
    await case.value(
        "INSERT INTO delivery (organization_id, type, receiver, notice)"
        " SELECT $1, 'email', name || '@example.net', '{}'"
        " FROM generate_series(1, 5000) AS n, LATERAL (VALUES ('busy-' || n % 3), (n::text)) AS one (name)",
        case.organization,
    )
    while await case.value("SELECT count(*) FROM delivery WHERE lane IS NULL"):
        await case.claim(free=0)
    await case.value("UPDATE delivery_lane SET failures = 5 WHERE lane LIKE '%busy-0@%'")
    await case.value("VACUUM ANALYZE delivery")
    await case.claim(free=4)
    before = await _rows_read(case)
    assert len(await case.claim(free=4)) == 4
    assert await _rows_read(case) - before < 200


async def _rows_read(case: NotificationCase) -> int:
    async with case.db.connection() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    rows: int = await case.value(
        "SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_user_tables"
        " WHERE relname IN ('delivery', 'delivery_lane')"
    )
    return rows


async def test_a_later_change_waits_for_the_earlier_one_that_failed(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    incident = await case.opened()
    await case.changed(incident, "escalated")
    hook.answers = [500]
    await case.deliver_due()
    first, second = await case.rows("SELECT attempts, next_at FROM delivery ORDER BY id")
    assert (first[0], second) == (1, (0, first[1])), "due together, so that a claim need not look at it before"
    await case.resolved(incident)
    assert await case.value("SELECT count(DISTINCT next_at) FROM delivery") == 1
    await case.hasten()
    await case.deliver_due()
    assert [post.json["change"] for post in hook.received] == ["opened", "opened", "escalated", "resolved"]


async def test_a_lane_is_gone_when_nothing_waits_in_it(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    await case.deliver_due()
    async with case.notifying():

        async def gone() -> bool:
            return bool(await case.value("SELECT count(*) = 0 FROM delivery_lane"))

        await eventually(gone)


@pytest.mark.parametrize("controllers", [1, 2])
async def test_many_mails_go_over_few_connections(case: NotificationCase, mail: SmtpSink, controllers: int) -> None:
    await case.channel("email", "Mail", {"to": "ops@example.net"})
    for _ in range(25):
        await case.opened(await case.monitor())
    notifiers = [asyncio.create_task(Notifier(case.db, case.vault, case.senders).run()) for _ in range(controllers)]
    await case.nothing_due()
    for each in notifiers:
        each.cancel()
    await asyncio.gather(*notifiers, return_exceptions=True)
    assert len(mail.received) == 25
    assert mail.greeted <= ON_A_CHANNEL
