"""The receiver of a digest ends it by a link in the mail, and no other mail has such a link."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from controller.errors import GoneError, NotFoundError
from controller.model import Role
from controller.model.accounts import Principal
from controller.model.values.public_url import PublicUrl
from controller.operations.channels.unsubscribing import (
    read_subscription,
    subscribe_again,
    unsubscribe,
    unsubscribed_of,
)
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.delivery.report_digests import send_digests
from controller.store.digests import unsubscribing
from controller.store.platform.link_tokens import digest
from shared.clock import utc_now
from tests.fakes.smtp_sink import Mail, SmtpSink
from tests.integration.notify.notification_case import NotificationCase
from tests.integration.notify.receivers.test_digests import DAILY

BASE = "https://monitoring-of-mail-servers.a-company-with-a-long-name.example.com/probe"
FIRST = "First@example.com"
SECOND = "second@example.com"
ONE_CLICK = "List-Unsubscribe=One-Click"
_LINK = re.compile(rf"{BASE}/unsubscribe/([\w-]{{22}})")


class DigestCase(NotificationCase):
    """Its mails have links."""

    base = BASE

    def notifier(self) -> Notifier:
        return Notifier(self.db, self.vault, self.senders, public_url=PublicUrl(self.base))

    async def deliver_digests(self) -> None:
        due: datetime = await self.value("SELECT digest_due_at FROM notification_channel WHERE digest IS NOT NULL")
        await send_digests(self.db, due)
        await self.deliver_due()


@pytest.fixture
async def digests(case: NotificationCase) -> DigestCase:
    found = DigestCase(case.db, case.vault, case.senders)
    found.organization, found.customer, found.monitor_id = case.organization, case.customer, case.monitor_id
    await found.channel("email", "Weekly", {"to": [FIRST, SECOND]}, digest=DAILY)
    await send_digests(found.db)
    return found


def token_of(mail: Mail) -> str:
    [*found] = dict.fromkeys(_LINK.findall(mail.text()))
    assert len(found) == 1
    return str(found[0])


async def leave(case: NotificationCase, token: str) -> None:
    await unsubscribe(case.db, token, utc_now(), address="192.0.2.1")


async def test_a_digest_has_the_headers_of_one_click_and_a_message_about_an_outage_has_not(
    digests: DigestCase, mail: SmtpSink
) -> None:
    await digests.opened()
    await digests.deliver_due()
    await digests.deliver_digests()
    alert, sent = mail.to(FIRST)
    token = token_of(sent)
    assert sent.message["List-Unsubscribe"] == f"<{BASE}/unsubscribe/{token}>"
    assert sent.message["List-Unsubscribe-Post"] == ONE_CLICK
    assert token in sent.text("html")
    assert token not in mail.to(SECOND)[1].text()
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post"):
        assert alert.message[name] is None
    assert "nsubscribe" not in alert.text() + alert.text("html")
    stored = await digests.rows("SELECT digest FROM unsubscribe_token WHERE receiver = $1", FIRST)
    assert [row[0] for row in stored] == [digest(token)]


async def test_without_https_mail_programs_are_not_asked_to_post(digests: DigestCase, mail: SmtpSink) -> None:
    digests.base = "http://probe.example.com"
    await digests.deliver_digests()
    [sent] = mail.to(FIRST)
    assert str(sent.message["List-Unsubscribe"]).startswith("<http://probe.example.com/unsubscribe/")
    assert sent.message["List-Unsubscribe-Post"] is None


async def test_without_a_public_url_there_is_no_link(digests: DigestCase, mail: SmtpSink) -> None:
    digests.base = ""
    await digests.deliver_digests()
    [sent] = mail.to(FIRST)
    assert sent.message["List-Unsubscribe"] is None
    assert "nsubscribe" not in sent.text() + sent.text("html")


async def test_who_left_gets_no_more_digests_and_still_gets_messages_about_outages(
    digests: DigestCase, mail: SmtpSink
) -> None:
    await digests.deliver_digests()
    token = token_of(mail.to(FIRST)[0])
    before = await read_subscription(digests.db, token, utc_now())
    assert before == (FIRST, "Weekly", True)
    for _ in range(2):
        await leave(digests, token)
    assert (await read_subscription(digests.db, token, utc_now())).subscribed is False
    entries = await digests.rows("SELECT actor_kind, actor_name, action, address, after::text FROM audit")
    assert entries == [("message", FIRST, "channel.changed", "192.0.2.1", '{"noDigestsTo":["first@example.com"]}')]
    await digests.deliver_digests()
    await digests.opened()
    await digests.deliver_due()
    assert [str(one.message["Subject"]).partition(":")[0] for one in mail.to(FIRST)] == ["Daily digest", "Down"]
    assert [str(one.message["Subject"]).partition(":")[0] for one in mail.to(SECOND)] == [*["Daily digest"] * 2, "Down"]


async def test_a_digest_that_waits_is_not_sent_to_who_left(digests: DigestCase, mail: SmtpSink) -> None:
    await digests.deliver_digests()
    token = token_of(mail.to(FIRST)[0])
    await send_digests(digests.db, await digests.value("SELECT digest_due_at FROM notification_channel"))
    await leave(digests, token)
    await digests.deliver_due()
    assert (len(mail.to(FIRST)), len(mail.to(SECOND))) == (1, 2)
    why = await digests.value("SELECT error FROM delivery WHERE state = 'skipped'")
    assert why == "its receiver unsubscribed from digests"


async def test_a_digest_that_everybody_left_is_not_made_and_reports_nothing_twice(
    digests: DigestCase, mail: SmtpSink
) -> None:
    await digests.deliver_digests()
    for address in (FIRST, SECOND):
        await leave(digests, token_of(mail.to(address)[0]))
    due = await digests.value("SELECT digest_due_at FROM notification_channel")
    assert await send_digests(digests.db, due) == 0
    assert await digests.value("SELECT digest_due_at FROM notification_channel") > due


async def test_an_address_is_subscribed_again(digests: DigestCase, mail: SmtpSink) -> None:
    await digests.deliver_digests()
    await leave(digests, token_of(mail.to(FIRST)[0]))
    number, public_id = (await digests.rows("SELECT id, public_id FROM notification_channel"))[0]
    assert [one.receiver for one in await unsubscribed_of(digests.db, number)] == ["first@example.com"]
    principal = Principal(works_in=digests.organization, role=Role.ADMIN)
    for _ in range(2):
        await subscribe_again(digests.db, principal, public_id, FIRST)
    assert await unsubscribed_of(digests.db, number) == []
    assert await digests.value("SELECT count(*) FROM audit") == 2
    await digests.deliver_digests()
    assert len(mail.to(FIRST)) == 2


async def test_another_organization_subscribes_nobody(digests: DigestCase, mail: SmtpSink) -> None:
    await digests.deliver_digests()
    await leave(digests, token_of(mail.to(FIRST)[0]))
    public_id = await digests.value("SELECT public_id FROM notification_channel")
    stranger = Principal(works_in=digests.organization + 1, role=Role.ADMIN)
    with pytest.raises(NotFoundError):
        await subscribe_again(digests.db, stranger, public_id, FIRST)
    assert await digests.value("SELECT count(*) FROM digest_unsubscription") == 1


async def test_a_link_expires_and_is_forgotten_later(digests: DigestCase, mail: SmtpSink) -> None:
    await digests.deliver_digests()
    token = token_of(mail.to(FIRST)[0])
    with pytest.raises(GoneError, match="60 days"):
        await unsubscribe(digests.db, token, utc_now() + timedelta(days=60, seconds=1), address="192.0.2.1")
    await digests.value("UPDATE unsubscribe_token SET expires_at = now() - interval '31 days'")
    await unsubscribing.forget_expired(digests.db)
    with pytest.raises(NotFoundError):
        await read_subscription(digests.db, token, utc_now())


async def test_a_token_for_one_incident_unsubscribes_nobody(digests: DigestCase, mail: SmtpSink) -> None:
    await digests.opened()
    await digests.deliver_due()
    [token] = re.findall(rf"{BASE}/ack/([\w-]{{22}})", mail.to(FIRST)[0].text())
    with pytest.raises(NotFoundError):
        await leave(digests, token)
