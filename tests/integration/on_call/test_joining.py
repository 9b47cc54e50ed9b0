"""Who hears of a group of incidents only by an escalation step hears of what joins it, as everybody else does."""

from __future__ import annotations

from datetime import timedelta

from controller.pipeline.grouping.messages import make_group_messages
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, subjects
from tests.integration.on_call.on_call_case import look, mailbox, minutes_pass, policy, taken

FIRST = "first@example.com"


async def pause(case: NotificationCase) -> timedelta:
    """How long after the last message the next one is due."""
    found: timedelta = await case.value(
        "SELECT due_at - notified_at FROM group_receiver WHERE type = 'email' AND due_at IS NOT NULL"
    )
    return found


async def told_of_what_joined(case: NotificationCase) -> None:
    """The message that is due is made and sent."""
    await case.value("UPDATE group_receiver SET due_at = now() - interval '1 ms' WHERE due_at IS NOT NULL")
    await make_group_messages(case.db)
    await case.deliver_due()


async def test_it_is_named_while_nobody_has_the_older_ones(case: NotificationCase, mail: SmtpSink) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None))
    await case.value("UPDATE organization SET grouping = NULL")
    incidents = [await case.opened()]
    assert await look(case) == 1
    incidents += [await case.opened(await case.monitor()) for _ in range(2)]
    assert await look(case, controllers=3) == 0
    assert await pause(case) >= timedelta(seconds=60)
    await told_of_what_joined(case)
    incidents.append(await case.opened(await case.monitor()))
    assert await look(case) == 0
    assert await pause(case) >= timedelta(seconds=300)
    await told_of_what_joined(case)
    assert await look(case) == 0
    await told_of_what_joined(case)
    told = subjects(mail, FIRST)
    assert len(told) == 3, told
    for incident in incidents:
        await case.resolved(incident)
    await told_of_what_joined(case)
    assert len(subjects(mail, FIRST)) == 4, "one message says that all is over"
    assert await case.value("SELECT count(DISTINCT group_id) FROM incident") == 1
    assert await case.value("SELECT count(*) FROM grouped_change WHERE delivery_id IS NULL AND dropped IS NULL") == 0


async def test_it_is_not_named_to_later_steps_before_their_time(case: NotificationCase, mail: SmtpSink) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None), (10, [await mailbox(case, "second")], None))
    await case.value("UPDATE organization SET grouping = NULL")
    await case.opened()
    await look(case)
    await case.opened(await case.monitor())
    assert await look(case) == 0
    await told_of_what_joined(case)
    assert (len(subjects(mail, FIRST)), subjects(mail, "second@example.com")) == (2, [])
    await minutes_pass(case, 11)
    assert await look(case) == 1
    assert subjects(mail, "second@example.com") == ["Down after 11 min: Office mail (and 1 more)"]


async def test_what_joins_one_that_somebody_has_waits_for_the_steps(case: NotificationCase, mail: SmtpSink) -> None:
    await policy(case, (10, [await mailbox(case, "first")], None))
    await case.value("UPDATE organization SET grouping = NULL")
    incident = await case.opened()
    await minutes_pass(case, 11)
    assert await look(case) == 1
    await taken(case, incident)
    await case.opened(await case.monitor())
    assert await look(case) == 0
    await told_of_what_joined(case)
    assert len(subjects(mail, FIRST)) == 1


async def test_what_ended_before_the_message_is_not_told(case: NotificationCase, mail: SmtpSink) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None))
    await case.value("UPDATE organization SET grouping = NULL")
    await case.opened()
    await look(case)
    joined = await case.opened(await case.monitor())
    await look(case)
    await case.resolved(joined)
    await told_of_what_joined(case)
    assert subjects(mail, FIRST) == ["Down: Office mail"]
