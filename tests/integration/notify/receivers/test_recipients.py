"""Groups, settings and blackouts of recipients change who is told, by real deliveries to a mail server."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from controller.api.compat.alertsite.recipients.methods import config_of
from controller.store.recipients import blackouts as recipient_blackouts
from controller.store.recipients import groups as recipient_groups
from controller.store.recipients.blackouts import NewBlackout
from controller.store.recipients.groups import NewGroup
from shared.clock import utc_now
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase

TEAM, BOSS, OWN = "team@example.com", "boss@example.com", "own@example.com"


async def mailbox(case: NotificationCase, address: str, **fields: Any) -> int:
    return await case.channel("email", address, {"email": address}, **fields)


async def grouped(
    case: NotificationCase, monitors: list[int], recipients: list[int], *, default: bool = False, errors: Any = ()
) -> None:
    new = NewGroup(
        name="Team",
        is_default=default,
        extras={"errortypes": list(errors)} if errors else {},
        monitors=dict.fromkeys(monitors, 0),
        recipients=recipients,
    )
    assert await recipient_groups.insert(case.db, case.organization, new)


async def told(case: NotificationCase, mail: SmtpSink, monitor: int | None = None) -> dict[str, int]:
    """How many more messages each gets of an outage of the monitor."""
    before = {address: len(mail.to(address)) for address in (TEAM, BOSS, OWN)}
    await case.opened(monitor)
    await case.deliver_due()
    found = {address: len(mail.to(address)) - before[address] for address in before}
    return {address: count for address, count in found.items() if count}


async def test_a_group_changes_who_is_told(case: NotificationCase, mail: SmtpSink) -> None:
    team, boss = await mailbox(case, TEAM), await mailbox(case, BOSS, customer_id=case.customer)
    assert await told(case, mail) == {TEAM: 1, BOSS: 1}
    second, third, fourth = [await case.monitor() for _ in range(3)]
    await mailbox(case, OWN, monitor_id=second)
    await grouped(case, [second, fourth], [team])
    await grouped(case, [fourth], [boss])
    assert await told(case, mail, second) == {TEAM: 1, OWN: 1}
    assert await told(case, mail, fourth) == {TEAM: 1, BOSS: 1}
    assert await told(case, mail, third) == {TEAM: 1, BOSS: 1}
    fifth = await case.monitor()
    await grouped(case, [second], [boss], default=True)
    assert await told(case, mail, fifth) == {BOSS: 1}


async def test_a_group_hears_of_the_errors_that_it_names(case: NotificationCase, mail: SmtpSink) -> None:
    team, boss = await mailbox(case, TEAM), await mailbox(case, BOSS)
    refused, other = 1, 6
    second, third = await case.monitor(), await case.monitor()
    await grouped(case, [second, third], [team], errors=[refused, other])
    await grouped(case, [second], [boss], errors=[other])
    assert await told(case, mail, second) == {TEAM: 1}, "the connection was refused, not the login"
    await grouped(case, [third], [boss])
    assert await told(case, mail, third) == {TEAM: 1, BOSS: 1}, "a group that names no errors hears of all"


@pytest.mark.parametrize(
    ("recipient", "reasons", "received"),
    [
        pytest.param(None, [], 2, id="a channel made elsewhere"),
        pytest.param(
            {"notify_on_clear": False},
            ["this recipient is not notified when an error ends (notify_on_clear)"],
            1,
            id="notify_on_clear false: no message about the end",
        ),
        pytest.param(
            {"availability_alert": False},
            ["this recipient wishes no availability alerts (availability_alert)"],
            0,
            id="availability_alert false: none",
        ),
    ],
)
async def test_settings_of_a_recipient_have_their_effect(
    case: NotificationCase,
    mail: SmtpSink,
    recipient: dict[str, Any] | None,
    reasons: list[str],
    received: int,
) -> None:
    await mailbox(case, TEAM, recipient=recipient)
    incident = await case.opened()
    await case.deliver_due()
    await case.resolved(incident)
    await case.deliver_due()
    assert len(mail.to(TEAM)) == received
    assert await skipped(case) == reasons


async def test_a_threshold_delays_the_first_message(case: NotificationCase, mail: SmtpSink) -> None:
    await mailbox(case, TEAM, recipient={"start_threshold": 3})
    await mailbox(case, BOSS)
    incident = await case.opened()
    await case.deliver_due()
    assert (len(mail.to(TEAM)), len(mail.to(BOSS))) == (0, 1)
    waits = await case.value(
        "SELECT due_from - $2::timestamptz FROM delivery WHERE incident_id = $1 AND receiver = $3",
        incident.id,
        incident.started_at,
        TEAM,
    )
    assert waits == timedelta(minutes=2)  # the third failing round comes two intervals after the first


async def test_a_blackout_silences_one_recipient_and_the_history_says_so(
    case: NotificationCase, mail: SmtpSink
) -> None:
    team = await mailbox(case, TEAM)
    await mailbox(case, BOSS)
    now = utc_now().replace(tzinfo=None, microsecond=0)
    await blacked_out(case, team, now - timedelta(hours=1), now + timedelta(hours=1))
    incident = await case.opened()
    await case.deliver_due()
    assert (len(mail.to(TEAM)), len(mail.to(BOSS))) == (0, 1)
    assert await skipped(case) == ["a blackout silences this recipient"]
    await case.value("DELETE FROM recipient_blackout")
    await case.resolved(incident)
    await case.deliver_due()
    assert (len(mail.to(TEAM)), len(mail.to(BOSS))) == (0, 2)


async def blacked_out(case: NotificationCase, channel: int, start: datetime, end: datetime) -> None:
    new = NewBlackout(channel_id=channel, time_zone="UTC", start=start, end=end, weekly=False, note="")
    assert await recipient_blackouts.insert(case.db, case.organization, new, None)


async def skipped(case: NotificationCase) -> list[str]:
    """Why messages were not sent, as the history shows it."""
    async with case.db.connection() as connection:
        rows = await connection.fetch("SELECT DISTINCT error FROM delivery WHERE state = 'skipped' ORDER BY error")
    return [row["error"] for row in rows]


@pytest.mark.parametrize("method", [pytest.param(10, id="10: a form"), pytest.param(16, id="16: JSON")])
async def test_a_posted_alert_has_alertsites_fields(case: NotificationCase, hook: WebhookSink, method: int) -> None:
    config = config_of(method, hook.url, "us", "secret word")
    await case.channel("webhook", "Hook", {name: value for name, value in config.items() if value is not None})
    incident = await case.opened()
    await case.deliver_due()
    await case.resolved(incident)
    await case.deliver_due()
    found = [one.json if method == 16 else dict(parse_qsl(one.body.decode())) for one in hook.received]
    types = {10: "application/x-www-form-urlencoded", 16: "application/json"}
    assert {one.headers["content-type"] for one in hook.received} == {types[method]}
    assert {one.headers["authorization"] for one in hook.received} == {"Basic dXM6c2VjcmV0IHdvcmQ="}
    assert [one["errcount"] for one in found] == ["1", "0"]
    documented = (
        *("custid", "company", "device_id", "device_name", "device_type", "device_typecode", "errcount", "http_status"),
        *("location", "location_num"),
    )
    for one in found:
        kept = {name: one.get(name, "") for name in documented}  # a form leaves out what is empty
        assert all(isinstance(value, str) for value in kept.values())
        assert method == 10 or set(documented) <= one.keys()
    assert (found[0]["device_id"], found[0]["device_name"]) == (str(case.monitor_id), "Office mail")
    assert (found[0]["custid"], found[0]["company"], found[0]["location"]) == (str(case.customer), "Acme", "de")
