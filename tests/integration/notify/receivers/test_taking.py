"""Messages about open incidents have a link to take them, and everybody who was notified learns who did."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta

import pytest
import structlog

from controller.decisions.acknowledgement import Lasts
from controller.errors import GoneError, NotFoundError
from controller.model import Role
from controller.model.accounts import Principal
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import ChannelGroup, ChannelType, open_senders
from controller.notify.registry import CHANNELS
from controller.notify.telegram import with_button
from controller.operations.incidents.answered_messages import read_message, take_from_message
from controller.operations.incidents.incident_handling import acknowledge
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.grouping.messages import make_group_messages
from controller.store.incidents import ack_tokens
from controller.store.incidents.incidents import StoredIncident
from controller.store.platform.link_tokens import digest
from shared.clock import utc_now
from tests.fakes.notices import a_sending
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.conftest import LOOPBACK
from tests.integration.notify.notification_case import NotificationCase, addressed, subjects
from tests.unit.controller.notify.test_take_buttons import BOT, takeable

OWN = "own@example.com"
BASE = "https://probe.example.com"
_LINK = re.compile(rf"{BASE}/ack/([\w-]{{22}})")


class LinkingCase(NotificationCase):
    """Its messages have links, as with MAILPROBE_PUBLIC_URL."""

    def notifier(self) -> Notifier:
        return Notifier(self.db, self.vault, self.senders, public_url=PublicUrl(BASE))


@pytest.fixture
def linking(case: NotificationCase) -> LinkingCase:
    found = LinkingCase(case.db, case.vault, case.senders)
    found.organization, found.customer, found.monitor_id = case.organization, case.customer, case.monitor_id
    return found


def tokens(mail: SmtpSink, receiver: str = OWN) -> list[str]:
    return [found for one in mail.to(receiver) for found in _LINK.findall(one.text())]


async def grouped(case: NotificationCase, incidents: list[StoredIncident]) -> int:
    """Put these incidents into one group."""
    number: int = await case.value(
        "INSERT INTO incident_group (organization_id, kind, cause) VALUES ($1, 'cause', 'refused') RETURNING id",
        case.organization,
    )
    await case.value(
        "UPDATE incident SET group_id = $1 WHERE id = ANY ($2::bigint[])", number, [one.id for one in incidents]
    )
    return number


async def test_a_message_about_an_open_incident_has_a_link_and_its_end_has_none(
    linking: LinkingCase, mail: SmtpSink
) -> None:
    await addressed(linking, notification_email=OWN)
    incident = await linking.opened()
    await linking.deliver_due()
    [token] = tokens(mail)
    assert await linking.value("SELECT digest FROM ack_token") == digest(token)
    await linking.resolved(incident)
    await linking.deliver_due()
    assert len(mail.to(OWN)) == 2
    assert tokens(mail) == [token]
    assert token not in str(await linking.rows("SELECT notice, error FROM delivery"))


async def test_without_a_public_url_there_is_no_link(case: NotificationCase, mail: SmtpSink) -> None:
    await addressed(case, notification_email=OWN)
    await case.opened()
    await case.deliver_due()
    assert "Take it" not in mail.to(OWN)[0].text()
    assert await case.value("SELECT count(*) FROM ack_token") == 0


async def test_taking_is_told_to_all_others_that_were_notified(
    linking: LinkingCase, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(linking, notification_email=OWN)
    await linking.channel("webhook", "Hook", {"url": hook.url})
    await linking.channel("email", "Team", {"to": "team@example.com"})
    incident = await linking.opened()
    await linking.deliver_due()
    [token] = tokens(mail)
    done = await take_from_message(linking.db, token, Lasts.TWO_HOURS, "On my way", utc_now(), address="192.0.2.1")
    assert (done.taken, done.by) == (1, OWN)
    assert done.until is not None
    await linking.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail"]
    assert subjects(mail, "team@example.com") == [
        "Down: Office mail", "Taken by own@example.com for 2 h: Office mail"
    ]  # fmt: skip
    told = mail.to("team@example.com")[1]
    assert "On my way" in told.text()
    assert "/ack/" not in told.text()
    assert str(told.message["References"]) == str(mail.to("team@example.com")[0].message["Message-ID"])
    posted = [json.loads(post.body) for post in hook.received][-1]
    assert posted["change"] == "acknowledged"
    assert posted["acknowledgement"]["by"] == OWN
    assert posted["incident"]["error_message"] == incident.reason
    actor = await linking.rows("SELECT actor_kind, actor_name, action, address FROM audit")
    assert actor == [("message", OWN, "incident.acknowledged", "192.0.2.1")]


async def test_a_person_who_acknowledges_is_told_to_everybody(linking: LinkingCase, mail: SmtpSink) -> None:
    await addressed(linking, notification_email=OWN)
    incident = await linking.opened()
    await linking.deliver_due()
    principal = Principal(works_in=linking.organization, role=Role.ADMIN)
    for _ in range(2):  # the second changes nothing
        await acknowledge(linking.db, principal, incident.public_id, "", utc_now())
    await linking.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail", "Taken by somebody until it is resolved: Office mail"]


async def test_a_lapsed_acknowledgement_counts_as_none_and_who_has_it_may_keep_it_longer(
    linking: LinkingCase, mail: SmtpSink
) -> None:
    await addressed(linking, notification_email=OWN)
    await linking.opened()
    await linking.deliver_due()
    [token] = tokens(mail)

    async def take(lasts: Lasts) -> int:
        done = await take_from_message(linking.db, token, lasts, "", utc_now(), address="192.0.2.1")
        return done.taken

    assert await take(Lasts.HALF_AN_HOUR) == 1
    assert await take(Lasts.HALF_AN_HOUR) == 0  # the same, sent twice
    assert await take(Lasts.TWO_HOURS) == 1
    assert await take(Lasts.HALF_AN_HOUR) == 0  # never shorter
    await linking.value("UPDATE incident SET acknowledged_until = now() - interval '1 minute'")
    assert (await read_message(linking.db, token, utc_now())).incidents[0].acknowledged_by is None
    await linking.value("UPDATE incident SET acknowledged_by = 'ann@example.com', acknowledged_until = NULL")
    assert await take(Lasts.RESOLVED) == 0  # another has it
    await linking.value("UPDATE incident SET acknowledged_until = now() - interval '1 minute'")
    assert await take(Lasts.HALF_AN_HOUR) == 1


async def test_one_link_takes_the_whole_group_of_its_receiver_and_each_receiver_is_told_once(
    linking: LinkingCase, mail: SmtpSink
) -> None:
    await addressed(linking, notification_email=OWN)
    await linking.channel("email", "Team", {"to": "team@example.com"})
    await linking.value("UPDATE organization SET grouping = NULL")
    first = await linking.opened()
    for _ in range(30):
        await linking.opened(await linking.monitor(notification_email=OWN))
    strange = await linking.opened(await linking.monitor(notification_email="else@example.com"))
    await linking.value("UPDATE group_receiver SET due_at = now() - interval '1 ms' WHERE due_at IS NOT NULL")
    await make_group_messages(linking.db)
    await linking.deliver_due()
    before = len(mail.to(OWN)), len(mail.to("team@example.com"))
    token = tokens(mail)[0]
    assert (await read_message(linking.db, token, utc_now())).total == 31
    done = await take_from_message(linking.db, token, Lasts.RESOLVED, "", utc_now(), address="192.0.2.1")
    assert done.taken == 31
    assert await linking.value("SELECT count(*) FROM incident WHERE acknowledged_by = $1", OWN) == 31
    assert await linking.value("SELECT acknowledged_at FROM incident WHERE id = $1", strange.id) is None
    assert await linking.value("SELECT count(*) FROM event_outbox WHERE subject LIKE '%.incident'") == 31
    await linking.deliver_due()
    assert (len(mail.to(OWN)), len(mail.to("team@example.com"))) == (before[0], before[1] + 1)
    assert subjects(mail, "team@example.com")[-1].strip() == (
        "Taken by own@example.com until it is resolved: Office mail and 30 more"
    )
    thread = await linking.value("SELECT incident_id FROM delivery ORDER BY id DESC LIMIT 1")
    assert thread == first.id


async def test_a_link_is_over_when_it_expires_or_all_is_resolved_and_is_forgotten_later(
    linking: LinkingCase, mail: SmtpSink
) -> None:
    await addressed(linking, notification_email=OWN)
    incident = await linking.opened()
    await linking.deliver_due()
    [token] = tokens(mail)
    with pytest.raises(GoneError, match="72 hours"):
        await read_message(linking.db, token, utc_now() + timedelta(hours=72, seconds=1))
    await linking.resolved(incident)
    with pytest.raises(GoneError, match="resolved"):
        await take_from_message(linking.db, token, Lasts.RESOLVED, "", utc_now(), address="192.0.2.1")
    await ack_tokens.forget_expired(linking.db)
    assert await linking.value("SELECT count(*) FROM ack_token") == 1
    await linking.value("UPDATE ack_token SET expires_at = now() - interval '8 days'")
    await ack_tokens.forget_expired(linking.db)
    with pytest.raises(NotFoundError):
        await read_message(linking.db, token, utc_now())


async def test_a_receiver_that_was_never_notified_is_not_told_who_took_it(linking: LinkingCase, mail: SmtpSink) -> None:
    """A message that waits when the outage ends is not sent, and so is not what comes after it."""
    await addressed(linking, notification_email=OWN)
    await linking.channel("email", "Later", {"to": "later@example.com"}, delay_seconds=600)
    incident = await linking.opened()
    await linking.deliver_due()
    [token] = tokens(mail)
    await take_from_message(linking.db, token, Lasts.RESOLVED, "", utc_now(), address="192.0.2.1")
    await linking.resolved(incident)
    await linking.hasten()
    await linking.deliver_due()
    await linking.hasten()
    await linking.deliver_due()
    assert mail.to("later@example.com") == []


@pytest.mark.parametrize("status", [200, 400, 403])
async def test_telegram_sends_the_button_and_without_it_what_the_service_refuses(status: int) -> None:
    by_apprise: list[str] = []

    async def send(_senders: object, sending: object) -> str:
        by_apprise.append("sent")
        return ""

    with WebhookSink() as sink:
        sink.answers.append(status)
        plain = ChannelType(ChannelGroup.APPRISE, CHANNELS["telegram"].check, send)
        channel = with_button(plain, f"http://127.0.0.1:{sink.port}")
        async with open_senders(relay=None, sms_url=None, allowed=LOOPBACK) as senders:
            config = {"botToken": BOT, "chatId": "5"}
            if status == 403:
                with pytest.raises(Exception, match="answered 403") as refused:
                    await channel.send(senders, takeable(config))
                assert BOT not in str(refused.value)
            else:
                await channel.send(senders, takeable(config))
            await channel.send(senders, a_sending(config))  # nothing to take
        assert [post.path for post in sink.received] == [f"/bot{BOT}/sendMessage"]
    assert len(by_apprise) == (2 if status == 400 else 1)


async def test_no_log_line_and_no_error_holds_a_token(
    linking: LinkingCase, mail: SmtpSink, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the receiving side fails after it was told the link."""
    caplog.set_level(logging.DEBUG)
    await addressed(linking, notification_email=OWN)
    with WebhookSink() as sink, structlog.testing.capture_logs() as lines:
        sink.answers.append(500)
        await linking.channel("webhook", "Hook", {"url": sink.url})
        await linking.opened()
        await linking.deliver_due()
        [token] = tokens(mail)
        await take_from_message(linking.db, token, Lasts.TWO_HOURS, "mine", utc_now(), address="192.0.2.1")
        posted = {_LINK.search(post.body.decode()) for post in sink.received}
    secrets = [token, *(found[1] for found in posted if found)]
    assert len(secrets) == 2
    stored = await linking.rows("SELECT row_to_json(one)::text FROM delivery_attempt AS one")
    stored += await linking.rows("SELECT row_to_json(one)::text FROM delivery AS one")
    stored += await linking.rows("SELECT convert_from(body, 'UTF8') FROM event_outbox")
    stored += await linking.rows("SELECT row_to_json(one)::text FROM audit AS one")
    logged = [str(one.getMessage()) for one in caplog.records if one.name != "mail.log"]  # that of the test's server
    assert logged or lines
    for secret in secrets:
        assert secret not in str(logged) + str(lines) + str(stored)
