"""A receiver that fails gets one notification at a time, with growing pauses, and delays no other. Nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log2

from controller.decisions.notification.retries import probe_pause
from controller.notify.channels import ChannelGroup
from controller.pipeline.delivery.notifier import ON_A_CHANNEL
from controller.pipeline.delivery.transports import LIMITS
from controller.store.notifications import delivery_history, outcomes
from controller.store.notifications.claims import Claimed
from controller.store.platform.installation import installation
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, addressed, eventually, headline

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


async def test_a_receiver_that_fails_gets_one_at_a_time_with_growing_pauses(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    await case.deliver_due()
    for _ in range(20):
        await case.opened(await case.monitor())
    together = await case.claim()
    assert len(together) == ON_A_CHANNEL, "it worked until now"
    for delivery in together:
        await _fail(case, delivery, timedelta(hours=1))
    assert await case.rows("SELECT failures FROM delivery_lane") == [(1,)], "several that fail together count as one"
    for failures, seconds in ((2, 2), (3, 4), (4, 8)):
        assert await case.rows("SELECT due_at = paused_until FROM delivery_lane") == [(True,)]
        await case.hasten_lanes()
        (probe,) = await case.claim()
        assert await case.claim() == []
        await _fail(case, probe, probe_pause(probe.failures + 1))
        assert await case.rows(
            "SELECT failures, paused_until - (SELECT max(at) FROM delivery_attempt) FROM delivery_lane"
        ) == [(failures, timedelta(seconds=seconds))]
    assert await case.value("SELECT count(*) FROM delivery WHERE attempts = 0") == 20 - ON_A_CHANNEL - 3


async def _fail(case: NotificationCase, delivery: Claimed, pause: timedelta) -> None:
    """Record that the receiver failed."""
    await outcomes.failed(case.db, delivery, "500", again_in=timedelta(hours=1), lane_pause=pause)


async def test_a_receiver_that_answers_500_and_one_that_hangs_delay_no_other(
    case: NotificationCase, hook: WebhookSink
) -> None:
    """They get a request now and then, however much waits for them."""
    with WebhookSink() as hanging, WebhookSink() as failing:
        hanging.hold()
        failing.answers = [500] * 1000
        for name, url in (("Hanging", hanging.url), ("Failing", failing.url), ("Working", hook.url)):
            await case.channel("webhook", name, {"url": url})
        for _ in range(30):
            await case.opened(await case.monitor())
        async with case.notifying():

            async def all_sent() -> bool:
                return (await case.states())["Working"] == ["sent"] * 30

            await eventually(all_sent)
            began = await case.value("SELECT extract(epoch FROM now() - min(created_at))::float8 FROM delivery")
            assert hanging.requests == 1
            assert failing.requests <= 2 + log2(1 + began), "after 1, 2, 4 ... seconds"


async def test_when_the_receiver_works_again_all_that_waits_is_sent_at_once(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    incidents = [await case.opened(await case.monitor()) for _ in range(9)]
    await case.resolved(incidents[0])
    hook.answers = [500] * 3
    async with case.notifying():

        async def three_failed() -> bool:
            await case.hasten_lanes()
            return bool(await case.value("SELECT max(failures) = 3 FROM delivery_lane"))

        await eventually(three_failed)
        await case.value(
            "UPDATE delivery SET next_at = now() + interval '1 hour'"
            " WHERE attempts > 0 OR notice ->> 'change' = 'resolved'"
        )
        await case.hasten_lanes()

        async def all_sent() -> bool:
            return await case.states() == {"Hook": ["sent"] * 10}

        await eventually(all_sent)
    assert await case.value("SELECT count(*) FROM delivery_attempt") == 13
    assert await case.value("SELECT max(attempts) FROM delivery") == 2


async def test_a_single_failure_hastens_no_other_attempt(case: NotificationCase, hook: WebhookSink) -> None:
    """The fault may lie in that notification, whose attempts would soon be used up."""
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    await case.opened(await case.monitor())
    hook.answers = [500]
    async with case.notifying():

        async def one_failed() -> bool:
            return bool(await case.value("SELECT count(*) = 1 FROM delivery WHERE attempts > 0"))

        await eventually(one_failed)
        await case.hasten_lanes()

        async def other_sent() -> bool:
            return sorted((await case.states())["Hook"]) == ["sent", "waiting"]

        await eventually(other_sent)
    assert await case.value("SELECT next_at > now() FROM delivery WHERE state = 'waiting'")


async def test_what_waited_for_days_behind_others_is_given_up_without_another_request(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    for _ in range(3):
        await case.opened(await case.monitor())
    hook.answers = [500] * 9
    async with case.notifying():

        async def failed() -> bool:
            return bool(await case.value("SELECT max(failures) = 1 FROM delivery_lane"))

        await eventually(failed)
        await case.value("UPDATE delivery SET due_from = now() - interval '49 hours' WHERE attempts = 0")
        await case.hasten_lanes()

        async def given_up() -> bool:
            return (await case.states())["Hook"].count("failed") == 2

        await eventually(given_up)
    assert hook.requests == 1
    assert await case.value("SELECT min(error) FROM delivery WHERE state = 'failed'") == (
        "its receiver did not work for two days"
    )


async def test_a_relay_that_is_away_is_tried_by_one_mail_at_a_time(case: NotificationCase, mail: SmtpSink) -> None:
    """Although each mail goes to another address."""
    await addressed(case, customer_notification_email="first@example.net")
    await case.opened()
    await case.deliver_due()
    mail.stop()
    for number in range(30):
        await case.opened(await case.monitor(notification_email=f"ops-{number}@example.net"))
    async with case.notifying():

        async def failed() -> bool:
            return bool(await case.value("SELECT count(*) FROM delivery_attempt WHERE error IS NOT NULL"))

        await eventually(failed)
        mail.start()
        await case.nothing_due()
        await case.hasten()
        await case.nothing_due()
    assert len(mail.received) == 31
    failed_attempts = await case.value("SELECT count(*) FROM delivery_attempt WHERE error IS NOT NULL")
    assert failed_attempts <= LIMITS[ChannelGroup.EMAIL].at_once + 4, (
        "those under way, and one after 1, 2, 4 ... seconds"
    )


async def test_what_waits_behind_others_says_why(case: NotificationCase, hook: WebhookSink) -> None:
    """In the history of its incident, among the incidents nobody was notified of, and not as if nothing were sent."""
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    hook.answers = [500] * 2
    later = await case.opened(await case.monitor())
    async with case.notifying():

        async def failed() -> bool:
            return bool(await case.value("SELECT max(failures) FROM delivery_lane"))

        await eventually(failed)
    await case.value("UPDATE delivery SET next_at = now() - interval '1 hour' WHERE attempts = 0")
    async with case.db.connection() as connection:
        (waiting,) = await delivery_history.deliveries_of(connection, later.id)
        silent = await delivery_history.silent_incidents(connection, EPOCH, None, None, None, limit=9)
    error = "the webhook answered 500 Internal Server Error"
    assert (waiting.state, waiting.attempts, waiting.error) == ("waiting", 0, error)
    assert waiting.next_at == await case.value("SELECT paused_until FROM delivery_lane")
    assert [one.waiting for one in silent] == [[error], [error]]
    assert (await installation(case.db)).deliveries_overdue_seconds < 60


async def test_after_an_outage_of_the_relay_its_mails_and_those_that_wait_for_them_are_due(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await addressed(case, customer_notification_email="ops@example.net")
    incident = await case.opened()
    (claimed,) = await case.claim()
    await outcomes.failed(case.db, claimed, "away", again_in=timedelta(hours=1))
    await case.resolved(incident)
    assert await case.value("SELECT count(*) FROM delivery WHERE next_at > now() + interval '50 minutes'") == 2
    await outcomes.hasten_again(case.db, [claimed.id])
    await case.deliver_due()
    assert [headline(one.message["Subject"]) for one in mail.received] == ["Down: Office mail", "Up again: Office mail"]


async def test_what_waits_for_them_on_another_channel_is_due_as_well(case: NotificationCase, mail: SmtpSink) -> None:
    """An address stands in two channels, or in one and as a customer's own."""
    await case.channel("email", "Mail", {"to": "Ops@example.net"})
    incident = await case.opened()
    (claimed,) = await case.claim()
    await outcomes.failed(case.db, claimed, "away", again_in=timedelta(hours=1))
    change = await case.resolved(incident)
    await case.value(
        "UPDATE delivery SET channel_id = NULL, channel_name = NULL, receiver = lower(receiver) WHERE change_id = $1",
        change.id,
    )
    await case.claim()
    await outcomes.hasten_again(case.db, [claimed.id])
    await case.deliver_due()
    assert [headline(one.message["Subject"]) for one in mail.received] == ["Down: Office mail", "Up again: Office mail"]
