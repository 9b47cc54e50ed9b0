"""What cannot be done for one organization, receiver or channel is done for the others all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from controller.model.notification.quiet_hours import QuietHours
from controller.pipeline.delivery.quiet_digests import send_quiet_digests
from controller.pipeline.delivery.report_digests import send_digests
from controller.pipeline.grouping.messages import make_group_messages
from controller.pipeline.on_call.waiting import tell_who_waits
from controller.store.platform.pool import StoreTimeoutError, is_away, unavailable
from shared.clock import utc_now
from tests.integration.notify.notification_case import NotificationCase
from tests.integration.on_call.on_call_case import minutes_pass, reminders

BAD, GOOD = "bad@example.com", "good@example.com"


async def refuse(case: NotificationCase, *, error: str) -> None:
    """Have PostgreSQL refuse each further delivery to BAD."""
    await case.value(
        f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'not this one' USING ERRCODE = '{error}';
        END $$
        """
    )
    await case.value(
        "CREATE TRIGGER refuse BEFORE INSERT ON delivery FOR EACH ROW WHEN (NEW.receiver = 'bad@example.com')"
        " EXECUTE FUNCTION refuse()"
    )


async def test_an_organization_with_broken_settings(case: NotificationCase) -> None:
    """Its group became due before those of the others."""
    await reminders(case, enabled="perhaps")
    broken = await case.opened()
    await case.value("UPDATE incident SET on_call_at = now() - interval '1 hour'")
    await case.begin()
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Good", {"to": GOOD})
    await case.opened()
    await case.deliver_due()
    await minutes_pass(case, 11)
    assert await tell_who_waits(case.db) == 1
    assert await case.value("SELECT on_call_at > now() FROM incident WHERE id = $1", broken.id)
    await minutes_pass(case, 2)
    assert await case.value("SELECT on_call_at < now() FROM incident WHERE id = $1", broken.id), "it is tried again"


async def test_a_receiver_of_messages_about_groups(case: NotificationCase) -> None:
    await case.value("UPDATE organization SET grouping = NULL")
    for name in (BAD, GOOD):
        await case.channel("email", name, {"to": name})
    for _ in range(2):
        await case.opened(await case.monitor())
    await case.value(
        "UPDATE group_receiver SET due_at = now() - interval '1 ms', notified_at = notified_at - interval '1 hour'"
    )
    await case.value("UPDATE grouped_change SET not_before = now() - interval '1 minute'")
    await refuse(case, error="P0001")
    await make_group_messages(case.db)
    assert await case.value("SELECT count(*) FROM delivery WHERE notice ->> 'type' = 'group'") == 1
    (bad,) = await case.rows("SELECT due_at FROM group_receiver WHERE receiver = $1", BAD)
    assert bad[0] > utc_now() + timedelta(seconds=30), "others are before it the next time"


@pytest.mark.parametrize("error", ["query_canceled", "P0001"], ids=["it takes too long", "it is refused"])
@pytest.mark.parametrize("quiet", [True, False], ids=["quiet hours", "reports"])
async def test_a_channel_with_a_digest(case: NotificationCase, error: str, quiet: bool) -> None:
    hours: dict[str, Any] = {"windows": [{"days": ["MO"], "from": "22:00", "to": "23:00"}], "severities": ["down"]}
    fields: dict[str, Any] = {"digest": {"frequency": "daily", "at": "08:00", "weekday": "mon"}}
    if quiet:
        fields = {"quiet_hours": msgspec.to_builtins(msgspec.convert(hours, QuietHours))}
    for name in (BAD, GOOD):
        await case.channel("email", name, {"to": [name]}, **fields)
    noon = (utc_now() + timedelta(days=1)).replace(hour=12)  # no hour of the quiet ones
    if quiet:
        await case.opened()
        await case.value("UPDATE delivery SET state = 'held', held_until = $1", noon)
    else:
        assert await send_digests(case.db) == 0
        await case.value("UPDATE notification_channel SET digest_due_at = $1", noon)
    await refuse(case, error=error)
    assert await (send_quiet_digests if quiet else send_digests)(case.db, noon) == 1
    assert await case.value("SELECT receiver FROM delivery ORDER BY id DESC LIMIT 1") == GOOD


@pytest.mark.parametrize(
    ("error", "away"),
    [
        pytest.param(TimeoutError(), False, id="a statement takes too long"),
        pytest.param(asyncpg.QueryCanceledError("statement timeout"), False, id="the server breaks it off"),
        pytest.param(ConnectionRefusedError(), True, id="nothing listens"),
        pytest.param(asyncpg.AdminShutdownError("stopping"), True, id="the server stops"),
    ],
)
def test_which_errors_concern_all(error: Exception, away: bool) -> None:
    found = unavailable(error)
    assert (is_away(found), isinstance(found, StoreTimeoutError)) == (away, not away)
