"""What conditions and priorities of channels do to messages about incidents of one cause."""

from __future__ import annotations

from controller.pipeline.grouping.messages import make_group_messages
from tests.integration.notify.notification_case import NotificationCase
from tests.integration.notify.receivers.grouped_outages import (
    OWN,
    group_notices,
    grouping_on,
    later,
    monitors_of,
    notices_of,
    opened,
)

__all__ = ["grouping_on"]


async def test_a_channel_for_long_outages_hears_of_no_short_one_in_a_group(case: NotificationCase) -> None:
    await case.channel("email", "Long", {"to": "long@example.com"}, conditions={"minIncidentDuration": 300})
    first, second, _ = await opened(case, await monitors_of(case, 3))
    await case.resolved(second)
    await later(case, 250)
    assert len(await notices_of(case, "long@example.com")) == 1  # the first one, which waits
    assert await case.value("SELECT next_at > now() FROM delivery WHERE receiver = 'long@example.com'")
    await later(case, 120)
    (message,) = await group_notices(case, "long@example.com")
    assert message.number == 1
    await case.resolved(first)


async def test_messages_of_a_group_are_made_in_the_order_of_priorities(case: NotificationCase) -> None:
    for priority in (3, 1, 2):
        await case.channel("email", f"Mail {priority}", {"to": f"{priority}@example.com"}, priority=priority)
    found = await opened(case, await monitors_of(case, 2))
    await later(case, 60)
    for one in found:
        await case.resolved(one)
    await make_group_messages(case.db)
    receivers = [receiver for (receiver,) in await case.rows("SELECT receiver FROM delivery ORDER BY id")]
    assert receivers == 3 * [OWN, "1@example.com", "2@example.com", "3@example.com"]


async def test_who_has_two_channels_hears_of_a_group_by_the_one_of_higher_priority(case: NotificationCase) -> None:
    for priority in (2, 1):
        await case.channel("email", f"Mail {priority}", {"to": "noc@example.com"}, priority=priority)
    await opened(case, await monitors_of(case, 2))
    await later(case, 60)
    by = await case.rows("SELECT channel_name FROM delivery WHERE receiver = 'noc@example.com' ORDER BY id")
    assert by == [("Mail 1",), ("Mail 1",)]
