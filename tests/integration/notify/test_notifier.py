"""Deliveries are claimed, sent and recorded: none twice, none lost, none held up by another."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import structlog

from controller.decisions.notification.retries import PAUSES
from controller.pipeline.delivery.notifier import Notifier
from controller.store.platform.pool import Database
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, eventually


async def test_a_dead_channel_delays_no_other(case: NotificationCase, hook: WebhookSink) -> None:
    with WebhookSink() as dead:
        dead.hold()
        for number in range(40):
            await case.channel("webhook", f"Dead {number}", {"url": dead.url, "timeout": 30})
        await case.channel("webhook", "Alive", {"url": hook.url}, priority=9)
        await case.opened()
        async with case.notifying():

            async def received() -> bool:
                return bool(hook.received)

            await eventually(received)
            assert dead.received == []
            dead.release()
            await case.nothing_due()
    assert set(map(tuple, (await case.states()).values())) == {("sent",)}


async def test_two_controllers_send_everything_once(
    case: NotificationCase, hook: WebhookSink, database_url: str
) -> None:
    for number in range(30):
        await case.channel("webhook", f"Hook {number}", {"url": hook.url})
    async with Database.open(database_url) as db:
        other = NotificationCase(db, case.vault, case.senders)
        async with case.notifying(), other.notifying():
            for _ in range(3):
                await case.opened(await case.monitor())
            await case.nothing_due()
    keys = [post.headers["x-webhook-delivery"] for post in hook.received]
    assert len(keys) == len(set(keys)) == 90


async def test_what_a_dead_controller_had_claimed_is_taken_over_with_the_same_key(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    (claimed,) = await case.claim()
    assert await case.claim() == []
    await case.value("UPDATE delivery SET claimed_until = now() - interval '1 ms'")
    await case.hasten_lanes()
    await case.deliver_due()
    (post,) = hook.received
    assert post.headers["x-webhook-delivery"] == str(claimed.key)
    assert post.headers["x-webhook-attempt"] == "2"


async def test_a_claim_is_kept_while_it_is_sent(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url, "timeout": 30})
    await case.opened()
    hook.hold()
    async with case.notifying():

        async def claimed() -> bool:
            return await case.value("SELECT claimed_until > now() + interval '13 seconds' FROM delivery") is True

        await eventually(claimed)
        await case.value("UPDATE delivery SET claimed_until = now() + interval '1 second'")
        await eventually(claimed)
        hook.release()
        await case.nothing_due()
    assert len(hook.received) == 1


async def test_a_controller_that_stops_ends_what_it_has_begun(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    hook.hold()
    task = asyncio.create_task(Notifier(case.db, case.vault, case.senders, drain_seconds=30.0).run())

    async def requested() -> bool:
        return hook.requests > 0

    await eventually(requested)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    hook.release()
    await asyncio.gather(task, return_exceptions=True)
    assert await case.states() == {"Hook": ["sent"]}


async def test_what_was_sent_while_the_database_was_away_is_written_down_and_not_sent_again(
    case: NotificationCase, hook: WebhookSink, database_url: str, tmp_path: Path
) -> None:
    """A delivery that has begun is not cancelled either, because the receiver may have accepted it already."""
    await case.channel("webhook", "Hook", {"url": hook.url, "timeout": 30})
    await case.opened()
    url, link, sockets = _by_symlink(database_url, tmp_path)
    hook.hold()
    with structlog.testing.capture_logs() as logs:
        async with Database.open(url) as db:
            task = asyncio.create_task(Notifier(db, case.vault, case.senders, drain_seconds=0.05).run())

            async def requested() -> bool:
                return hook.requests > 0

            await eventually(requested)
            link.unlink()
            await case.value(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

            async def away() -> bool:
                return any(entry["event"] == "loop_waits" for entry in logs)

            await eventually(away)
            hook.release()

            async def accepted() -> bool:
                return len(hook.received) == 1

            await eventually(accepted)
            link.symlink_to(sockets)

            async def recorded() -> bool:
                return await case.states() == {"Hook": ["sent"]}

            await eventually(recorded)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert (hook.requests, len(hook.received)) == (1, 1)


def _by_symlink(database_url: str, folder: Path) -> tuple[str, Path, Path]:
    """The database's URL by a link to its sockets, the link, and its target. Without the link the database is away."""
    sockets = Path(parse_qs(urlsplit(database_url).query)["host"][0])
    link = folder / "s"
    link.symlink_to(sockets)
    return f"{database_url.partition('?')[0]}?host={quote(str(link), safe='')}", link, sockets


async def test_pauses_grow_until_it_has_failed(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    hook.answers = [503] * (len(PAUSES) + 1)
    for pause in PAUSES:
        await case.deliver_due()
        ((state, left),) = await case.rows(
            "SELECT state, next_at - (SELECT at FROM delivery_attempt ORDER BY id DESC LIMIT 1) FROM delivery"
        )
        assert (state, left) == ("waiting", pause)
        await case.hasten()
    await case.deliver_due()
    assert await case.states() == {"Hook": ["failed"]}
    errors = await case.rows("SELECT error FROM delivery_attempt")
    assert errors == [("the webhook answered 503 Service Unavailable",)] * (len(PAUSES) + 1)


async def test_what_is_refused_for_good_is_not_tried_again(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    hook.answers = [410]
    await case.deliver_due()
    assert await case.rows("SELECT state, error, attempts FROM delivery") == [
        ("failed", "the webhook answered 410 Gone", 1)
    ]


async def test_a_notification_that_cannot_be_decoded_holds_up_no_other(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Broken", {"url": hook.url})
    await case.channel("webhook", "Fine", {"url": hook.url})
    await case.opened()
    await case.value("UPDATE delivery SET notice = '{\"type\": \"unknown\"}' WHERE receiver = 'Broken'")
    await case.deliver_due()
    assert await case.states() == {"Broken": ["waiting"], "Fine": ["sent"]}
    assert await case.value("SELECT error FROM delivery_attempt WHERE error IS NOT NULL") == (
        "sending failed on Mailprobe's side"
    )


async def test_a_secret_that_cannot_be_read_is_reported_without_its_value(
    case: NotificationCase, hook: WebhookSink
) -> None:
    number = await case.channel("webhook", "Hook", {"url": hook.url, "secret": "hush-hush"})
    await case.value(
        "UPDATE notification_channel SET config = $2 WHERE id = $1", number, {"url": hook.url, "secret": "garbage"}
    )
    await case.opened()
    await case.deliver_due()
    ((state, error),) = await case.rows("SELECT state, error FROM delivery")
    assert state == "waiting"
    assert "MAILPROBE_VAULT_KEYS" in error
    assert hook.received == []


async def test_neither_log_nor_row_shows_where_a_secret_url_leads(case: NotificationCase) -> None:
    await case.channel("webhook", "Closed", {"url": "http://127.0.0.1:9/hush-hush", "headers": {"X-Key": "hush-hush"}})
    await case.opened()
    with structlog.testing.capture_logs() as logs:
        await case.deliver_due()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["delivery_failed"]
    rows = await case.rows("SELECT error, notice::text FROM delivery")
    assert "hush-hush" not in f"{logs}{rows}"


async def test_a_webhooks_own_retries_replace_ours(case: NotificationCase, hook: WebhookSink) -> None:
    config = {"url": hook.url, "retryAttempts": 1, "retryDelay": 3600}
    await case.channel("webhook", "Hook", config)
    hook.answers += [503, 503]
    await case.opened()
    await case.deliver_due()
    waits = await case.value("SELECT next_at - now() FROM delivery")
    assert waits > PAUSES[4]
    await case.value("UPDATE delivery SET next_at = now() - interval '1 ms'")
    await case.hasten_lanes()
    await case.deliver_due()
    assert (len(hook.received), await case.states()) == (2, {"Hook": ["failed"]})


async def test_a_channel_is_not_sent_what_was_done_in_its_service(case: NotificationCase, hook: WebhookSink) -> None:
    from_here = await case.channel("pagerduty", "Duty", {"url": hook.address, "routingKey": "R" * 32})
    await case.channel("opsgenie", "Other", {"url": hook.address, "apiKey": "k"})
    incident = await case.opened()
    await case.deliver_due()
    await case.resolved(incident)
    await case.value("UPDATE incident_change SET channel_id = $1 WHERE kind = 'resolved'", from_here)
    await case.deliver_due()
    assert (await case.states()) == {"Duty": ["sent", "skipped"], "Other": ["sent", "sent"]}
    assert hook.received[-1].path.endswith("/close?identifierType=alias")
    assert {post.json.get("dedup_key", post.json.get("alias")) for post in hook.received[:2]} == {
        str(incident.public_id)
    }
