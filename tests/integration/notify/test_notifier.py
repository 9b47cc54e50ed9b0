"""How deliveries are claimed, sent and recorded: none twice, none lost, none held up by another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import structlog

from controller.decisions.notification.retries import PAUSES
from controller.notify.registry import CHANNELS
from controller.pipeline.notifier import Notifier
from controller.store.notifications import deliveries
from controller.store.platform.pool import Database
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.desk import Desk, eventually

TYPES = list(CHANNELS)
LEASE = timedelta(seconds=30)


async def test_a_dead_channel_delays_no_other(desk: Desk, hook: WebhookSink) -> None:
    with WebhookSink() as dead:
        dead.hold()
        for number in range(40):
            await desk.channel("webhook", f"Dead {number}", {"url": dead.url, "timeout": 30})
        await desk.channel("webhook", "Alive", {"url": hook.url}, priority=9)
        await desk.opened()
        async with desk.telling():

            async def told() -> bool:
                return bool(hook.received)

            await eventually(told, 20.0)
            assert dead.received == []
            dead.release()
            await desk.nothing_due()
    assert set(map(tuple, (await desk.states()).values())) == {("sent",)}


async def test_a_channel_is_told_of_one_thing_after_the_other(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    for _ in range(5):
        await desk.opened(await desk.monitor())
    hook.hold()
    async with desk.telling():

        async def asked() -> bool:
            return hook.asked > 0

        await eventually(asked)
        for _ in range(10):
            await asyncio.sleep(0.03)
        assert hook.asked == 1
        hook.release()
        await desk.nothing_due()
    assert len(hook.received) == 5


async def test_two_controllers_tell_everything_once(desk: Desk, hook: WebhookSink, database_url: str) -> None:
    for number in range(30):
        await desk.channel("webhook", f"Hook {number}", {"url": hook.url})
    async with Database.open(database_url) as db:
        other = Desk(db, desk.vault, desk.senders)
        async with desk.telling(), other.telling():
            for _ in range(3):
                await desk.opened(await desk.monitor())
            await desk.nothing_due()
    keys = [post.headers["x-webhook-delivery"] for post in hook.received]
    assert len(keys) == len(set(keys)) == 90


async def test_what_a_dead_controller_had_claimed_is_taken_over_with_the_same_key(
    desk: Desk, hook: WebhookSink
) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    await desk.opened()
    (claimed,) = await deliveries.claim(desk.db, 5, types=TYPES, busy=(), lasts=LEASE)
    assert await deliveries.claim(desk.db, 5, types=TYPES, busy=(), lasts=LEASE) == []
    await desk.value("UPDATE delivery SET claimed_until = now()")
    await desk.told()
    (post,) = hook.received
    assert post.headers["x-webhook-delivery"] == str(claimed.key)
    assert post.headers["x-webhook-attempt"] == "2"


async def test_a_claim_is_kept_while_it_is_sent(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url, "timeout": 30})
    await desk.opened()
    hook.hold()
    async with desk.telling():

        async def claimed() -> bool:
            return await desk.value("SELECT claimed_until > now() + interval '13 seconds' FROM delivery") is True

        await eventually(claimed)
        await desk.value("UPDATE delivery SET claimed_until = now() + interval '1 second'")
        await eventually(claimed)
        hook.release()
        await desk.nothing_due()
    assert len(hook.received) == 1


async def test_a_controller_that_stops_ends_what_it_has_begun(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    await desk.opened()
    hook.hold()
    task = asyncio.create_task(Notifier(desk.db, desk.vault, desk.senders, drain_seconds=30.0).run())

    async def asked() -> bool:
        return hook.asked > 0

    await eventually(asked)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    hook.release()
    await asyncio.gather(task, return_exceptions=True)
    assert await desk.states() == {"Hook": ["sent"]}


async def test_what_was_sent_while_the_database_was_away_is_written_down_and_not_sent_again(
    desk: Desk, hook: WebhookSink, database_url: str, tmp_path: Path
) -> None:
    """Neither is what was begun broken off: the receiver may have accepted it already."""
    await desk.channel("webhook", "Hook", {"url": hook.url, "timeout": 30})
    await desk.opened()
    url, way, sockets = _by_a_way_of_its_own(database_url, tmp_path)
    hook.hold()
    with structlog.testing.capture_logs() as logs:
        async with Database.open(url) as db:
            task = asyncio.create_task(Notifier(db, desk.vault, desk.senders, drain_seconds=0.05).run())

            async def asked() -> bool:
                return hook.asked > 0

            await eventually(asked)
            way.unlink()
            await desk.value(
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
            way.symlink_to(sockets)

            async def recorded() -> bool:
                return await desk.states() == {"Hook": ["sent"]}

            await eventually(recorded)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert (hook.asked, len(hook.received)) == (1, 1)


def _by_a_way_of_its_own(database_url: str, folder: Path) -> tuple[str, Path, Path]:
    """The URL of the same database by a link to its sockets, that link, and where it leads: without it, it is away."""
    sockets = Path(parse_qs(urlsplit(database_url).query)["host"][0])
    way = folder / "s"
    way.symlink_to(sockets)
    return f"{database_url.partition('?')[0]}?host={quote(str(way), safe='')}", way, sockets


async def test_pauses_grow_until_it_has_failed(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    await desk.opened()
    hook.answers = [503] * (len(PAUSES) + 1)
    for pause in PAUSES:
        await desk.told()
        ((state, left),) = await desk.rows(
            "SELECT state, next_at - (SELECT at FROM delivery_attempt ORDER BY id DESC LIMIT 1) FROM delivery"
        )
        assert (state, left) == ("waiting", pause)
        await desk.hasten()
    await desk.told()
    assert await desk.states() == {"Hook": ["failed"]}
    errors = await desk.rows("SELECT error FROM delivery_attempt")
    assert errors == [("it answered 503 Service Unavailable",)] * (len(PAUSES) + 1)


async def test_what_is_refused_for_good_is_not_tried_again(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    await desk.opened()
    hook.answers = [410]
    await desk.told()
    assert await desk.rows("SELECT state, error, attempts FROM delivery") == [("failed", "it answered 410 Gone", 1)]


async def test_one_that_cannot_be_understood_holds_up_no_other(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Broken", {"url": hook.url})
    await desk.channel("webhook", "Fine", {"url": hook.url})
    await desk.opened()
    await desk.value("UPDATE delivery SET notice = '{\"type\": \"unheard\"}' WHERE receiver = 'Broken'")
    await desk.told()
    assert await desk.states() == {"Broken": ["waiting"], "Fine": ["sent"]}
    assert await desk.value("SELECT error FROM delivery_attempt WHERE error IS NOT NULL") == (
        "sending it failed on our side"
    )


async def test_a_secret_that_cannot_be_read_is_told_without_it(desk: Desk, hook: WebhookSink) -> None:
    number = await desk.channel("webhook", "Hook", {"url": hook.url, "secret": "hush-hush"})
    await desk.value(
        "UPDATE notification_channel SET config = $2 WHERE id = $1", number, {"url": hook.url, "secret": "garbage"}
    )
    await desk.opened()
    await desk.told()
    ((state, error),) = await desk.rows("SELECT state, error FROM delivery")
    assert state == "waiting"
    assert "MAILPROBE_VAULT_KEYS" in error
    assert hook.received == []


async def test_neither_log_nor_row_shows_where_a_secret_url_leads(desk: Desk) -> None:
    await desk.channel("webhook", "Closed", {"url": "http://127.0.0.1:9/hush-hush", "headers": {"X-Key": "hush-hush"}})
    await desk.opened()
    with structlog.testing.capture_logs() as logs:
        await desk.told()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["delivery_failed"]
    rows = await desk.rows("SELECT error, notice::text FROM delivery")
    assert "hush-hush" not in f"{logs}{rows}"


@pytest.mark.parametrize("busy", [True, False])
async def test_a_busy_lane_is_left_alone(desk: Desk, hook: WebhookSink, busy: bool) -> None:
    number = await desk.channel("webhook", "Hook", {"url": hook.url})
    await desk.opened()
    lanes = [f"channel {number}"] if busy else ["channel 0"]
    claimed = await deliveries.claim(desk.db, 5, types=TYPES, busy=lanes, lasts=LEASE)
    assert len(claimed) == (0 if busy else 1)
    assert [deliveries.lane(one) for one in claimed] == ([] if busy else [f"channel {number}"])
