"""Incidents of one cause, by rows of PostgreSQL: which messages are made of them, for whom, and when."""

from __future__ import annotations

import asyncio

from controller.notify.notice import GroupNotice, IncidentNotice
from controller.pipeline.grouping.messages import make_group_messages
from controller.store.monitors import dependencies
from tests.integration.notify.notification_case import NotificationCase, addressed
from tests.integration.notify.receivers.grouped_outages import (
    group_notices,
    grouping_on,
    later,
    monitors_of,
    notices_of,
    of_new_customer,
    opened,
)

__all__ = ["grouping_on"]


async def test_one_cause_is_told_at_once_then_in_one_message_and_its_end_in_one(case: NotificationCase) -> None:
    found = await opened(case, await monitors_of(case, 40))
    await make_group_messages(case.db)
    (first,) = await notices_of(case)
    assert isinstance(first, IncidentNotice)
    await later(case, 60)
    (second,) = await group_notices(case)
    assert (second.number, second.still_open, second.over, len(second.members)) == (39, 40, False, 39)
    assert second.causes == [("mx.example.com", 39)]
    for one in found:
        await case.resolved(one)
    await make_group_messages(case.db)
    _, last = await group_notices(case)
    assert (last.number, last.ended, last.still_open, last.over) == (40, 40, 0, True)
    await later(case, 3600)
    assert len(await notices_of(case)) == 3
    assert await case.value("SELECT count(*) FROM incident_group WHERE closed_at IS NULL") == 0


async def test_what_joins_later_is_told_at_most_once_in_the_time_of_updates(case: NotificationCase) -> None:
    await opened(case, await monitors_of(case, 3))
    await later(case, 61)
    for _ in range(3):
        await opened(case, await monitors_of(case, 2))
        await later(case, 90)
    assert [one.number for one in await group_notices(case)] == [2]
    await later(case, 60)
    assert [one.number for one in await group_notices(case)] == [2, 6]


async def test_who_was_told_that_all_is_over_hears_at_once_of_the_next_one(case: NotificationCase) -> None:
    """The group goes on for others."""
    mine = [await case.monitor(notification_email="team@example.com") for _ in range(2)]
    await case.opened()
    found = await opened(case, mine)
    await later(case, 60)
    for one in found:
        await case.resolved(one)
    await make_group_messages(case.db)
    await opened(case, mine[:1])
    await make_group_messages(case.db)
    told = [(one.number, one.still_open, one.over) for one in await group_notices(case, "team@example.com")]
    assert told == [(1, 2, False), (2, 0, True), (1, 1, False)]


async def test_one_that_joins_long_after_the_first_message_is_told_at_once(case: NotificationCase) -> None:
    await opened(case, await monitors_of(case, 1))
    await later(case, 900)
    await opened(case, await monitors_of(case, 1))
    await make_group_messages(case.db)
    assert [one.number for one in await group_notices(case)] == [1]


async def test_each_receiver_hears_at_once_of_the_first_incident_that_concerns_it(case: NotificationCase) -> None:
    await opened(case, await monitors_of(case, 2))
    own = await case.monitor(notification_email="team@example.com")
    await case.opened(own)
    (notice,) = await notices_of(case, "team@example.com")
    assert isinstance(notice, IncidentNotice)


async def test_an_outage_that_is_over_before_the_message_is_in_none(case: NotificationCase) -> None:
    first, second, _ = await opened(case, await monitors_of(case, 3))
    await case.resolved(second)
    await later(case, 60)
    (message,) = await group_notices(case)
    assert (message.number, message.still_open) == (1, 2)
    await case.resolved(first)
    await make_group_messages(case.db)
    assert len(await group_notices(case)) == 1


async def test_those_that_recovered_are_told_after_a_quarter_of_an_hour_though_others_have_not(
    case: NotificationCase,
) -> None:
    found = await opened(case, await monitors_of(case, 4))
    await later(case, 60)
    for one in found[:2]:
        await case.resolved(one)
    await later(case, 890)
    assert len(await group_notices(case)) == 1
    await later(case, 30)
    message = (await group_notices(case))[-1]
    assert (message.ended, message.still_open, message.over) == (2, 2, False)
    for one in found[2:]:
        await case.resolved(one)
    await make_group_messages(case.db)
    message = (await group_notices(case))[-1]
    assert (message.number, message.over) == (2, True)


async def test_a_single_incident_is_told_as_without_groups(case: NotificationCase) -> None:
    incident = await case.opened(severity="partial")
    await case.changed(incident, "escalated")
    await case.changed(incident, "flapping")
    await case.resolved(incident)
    await make_group_messages(case.db)
    notices = await notices_of(case)
    assert [one.change for one in notices if isinstance(one, IncidentNotice)] == [
        "opened",
        "escalated",
        "flapping",
        "resolved",
    ]
    assert len(notices) == 4


async def test_many_causes_are_a_storm_of_few_messages_and_one_end(case: NotificationCase) -> None:
    found = []
    for number in range(300):
        monitor = await of_new_customer(case, f"mx{number}.example.com")
        if not number:
            await case.channel("email", "Mail", {"to": "noc@example.com"})
        found.append(await case.opened(monitor))
        await make_group_messages(case.db)
    await later(case, 60)
    notices = await notices_of(case, "noc@example.com")
    assert len(notices) == 6
    (storm,) = await group_notices(case, "noc@example.com")
    assert (storm.kind, storm.number) == ("storm", 295)
    for one in found:
        await case.resolved(one)
    await make_group_messages(case.db)
    await later(case, 3600)
    last = (await group_notices(case, "noc@example.com"))[-1]
    assert (len(await notices_of(case, "noc@example.com")), last.over, last.number) == (7, True, 300)
    assert len(last.threads) == 5
    assert await case.value("SELECT count(*) FROM incident_group WHERE closed_at IS NULL") == 0


async def test_what_fails_again_at_a_server_of_a_storm_belongs_to_it_however_late(case: NotificationCase) -> None:
    for number in range(7):
        await case.opened(await of_new_customer(case, f"mx{number}.example.com"))
    await later(case, 601)
    await case.value("UPDATE incident SET started_at = started_at - interval '601 seconds'")
    again = await case.opened(await of_new_customer(case, "mx0.example.com"))
    other = await case.opened(await of_new_customer(case, "other.example.com"))
    kind = "SELECT kind FROM incident JOIN incident_group ON incident_group.id = group_id WHERE incident.id = $1"
    assert [await case.value(kind, one.id) for one in (again, other)] == ["storm", "cause"]


async def test_what_fails_before_the_monitor_that_it_depends_on_is_of_one_cause_with_it(case: NotificationCase) -> None:
    router = await of_new_customer(case, "router.example.com")
    await case.channel("email", "Mail", {"to": "noc@example.com"})
    behind = [await of_new_customer(case, f"mx{number}.example.com") for number in range(3)]
    async with case.db.transaction() as connection:
        for one in behind:
            await dependencies.replace(connection, one, [router])
    for one in behind[:2]:
        await case.opened(one)
        await later(case, 100)
    await case.opened(router)
    await case.opened(behind[2])
    assert await case.rows(
        "SELECT count(DISTINCT group_id), count(held_by), count(*) FROM incident JOIN incident_group ON group_id ="
        " incident_group.id"
    ) == [(1, 1, 4)]


async def test_a_customer_reads_the_cause_of_its_own_incident_alone(case: NotificationCase) -> None:
    """The first incident of the group is another customer's, whose host is none of its business."""
    router = await of_new_customer(case, "router.example.com")
    stranger = await of_new_customer(case, "mx.stranger.example")
    async with case.db.transaction() as connection:
        await dependencies.replace(connection, stranger, [router])
    await case.opened(stranger)
    own = [await of_new_customer(case, "mx.own.example"), *await monitors_of(case, 2, "mx.own.example")]
    async with case.db.transaction() as connection:
        for one in own:
            await dependencies.replace(connection, one, [router])
    await addressed(case, customer_notification_email="theirs@example.com")
    await opened(case, own)
    await later(case, 60)
    assert await case.rows("SELECT cause FROM incident_group") == [("mx.stranger.example",)]
    (received,) = await group_notices(case, "theirs@example.com")
    assert (received.cause, received.number) == ("mx.own.example", 2)


async def test_a_group_that_is_over_has_no_keys(case: NotificationCase) -> None:
    first, second = await opened(case, await monitors_of(case, 2))
    await case.resolved(first)
    assert await case.value("SELECT count(*) FROM incident_group_key") == 1
    await case.resolved(second)
    assert await case.value("SELECT count(*) FROM incident_group_key") == 0


async def test_grouping_can_be_switched_off_for_a_customer(case: NotificationCase) -> None:
    await case.value("UPDATE customer SET grouping = $1", {"enabled": False})
    await opened(case, await monitors_of(case, 3))
    await later(case, 60)
    assert [type(one) for one in await notices_of(case)] == [IncidentNotice] * 3


async def test_a_weak_likeness_counts_only_soon(case: NotificationCase) -> None:
    await case.opened(await case.monitor(hostname="a.example.com"))
    await case.opened(await case.monitor(hostname="b.example.com"))
    assert len(await notices_of(case)) == 1
    await later(case, 61)
    await case.opened(await case.monitor(hostname="c.example.com"))
    assert [type(one) for one in await notices_of(case)] == [IncidentNotice, GroupNotice, IncidentNotice]


async def test_a_receiver_that_no_message_reached_hears_of_no_end(case: NotificationCase) -> None:
    found = await opened(case, await monitors_of(case, 2))
    await later(case, 60)
    await case.value("UPDATE delivery SET state = 'failed'")
    for one in found:
        await case.resolved(one)
    await make_group_messages(case.db)
    assert len(await notices_of(case)) == 2


async def test_the_messages_of_a_group_are_made_once_by_two_controllers(case: NotificationCase) -> None:
    await opened(case, await monitors_of(case, 20))
    await case.value(
        "UPDATE group_receiver SET due_at = now() - interval '1 ms', notified_at = now() - interval '60 seconds'"
    )
    await asyncio.gather(make_group_messages(case.db), make_group_messages(case.db))
    assert [one.number for one in await group_notices(case)] == [19]
