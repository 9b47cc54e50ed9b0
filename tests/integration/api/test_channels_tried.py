"""Trying a channel: a real message to a real receiver, and everything that came of it in the documented shape."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from controller.model import Role
from controller.notify.email.sender import Relay, RelayTls
from shared.nats.bus import Bus
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.api.channel_desk import CHANNELS, Desk, desk
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

SECRET = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def mail() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
async def office(api: Api, module_bus: Bus, mail: SmtpSink) -> AsyncIterator[Desk]:
    relay = Relay(host="127.0.0.1", sender="mailprobe@example.com", port=mail.port, tls=RelayTls.NONE)
    async with desk(api, module_bus, relay=relay) as made:
        yield made


@pytest.fixture(autouse=True)
async def _nobody_tried_before(api: Api) -> None:
    await api.value("DELETE FROM request_count")


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


async def test_a_webhook_is_sent_signed_and_its_answer_shown_without_secrets(office: Desk, hook: WebhookSink) -> None:
    hook.body = f"thanks, {SECRET}".encode()
    config = {"url": hook.url, "secret": SECRET, "headers": {"Authorization": f"Bearer {SECRET}"}, "timeout": 5}
    done = await office.try_out("webhook", config)
    (post,) = hook.received
    assert post.signed_with(SECRET)
    assert (post.headers["authorization"], post.headers["x-webhook-event"]) == (f"Bearer {SECRET}", "alert")
    request, response = done["request"], done["response"]
    assert (done["success"], done["mode"], done["message"]) == (True, "send", "It answered 200 OK")
    assert done["validation"] == {"ok": True, "errors": [], "warnings": []}
    assert (request["url"], request["method"], request["timeoutSeconds"]) == (hook.url, "POST", 5.0)
    assert (request["bodyPreview"], request["bodySize"]) == (post.body.decode(), len(post.body))
    assert request["headers"]["Authorization"] == "********"
    assert response["bodyPreview"] == "thanks, ********"
    assert (response["reachable"], response["ok"], response["statusCode"], response["statusText"]) == (
        True,
        True,
        200,
        "OK",
    )
    assert (response["bodySize"], type(response["durationMs"])) == (len(hook.body), int)
    assert SECRET not in str(done)


@pytest.mark.parametrize(
    ("status", "success", "ok"),
    [
        pytest.param(204, True, True, id="accepted"),
        pytest.param(429, True, False, id="too many: it is there, and took notice"),
        pytest.param(302, False, False, id="a redirect is not followed"),
        pytest.param(500, False, False, id="refused"),
    ],
)
async def test_the_status_says_whether_it_worked(
    office: Desk, hook: WebhookSink, status: int, success: bool, ok: bool
) -> None:
    hook.answers, hook.location = [status], f"{hook.address}/elsewhere"
    done = await office.try_out("webhook", {"url": hook.url})
    assert (done["success"], done["response"]["ok"], done["response"]["statusCode"]) == (success, ok, status)
    assert len(hook.received) == 1


async def test_the_statuses_that_the_channel_expects_count(office: Desk, hook: WebhookSink) -> None:
    done = await office.try_out("webhook", {"url": hook.url, "expectedStatusCodes": "201"})
    assert (done["success"], done["response"]["ok"]) == (False, False)


async def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(office: Desk, hook: WebhookSink) -> None:
    done = await office.try_out("webhook", {"url": hook.url, "method": "put"}, dryRun=True)
    assert (done["success"], done["mode"], done["response"], hook.asked) == (True, "dryRun", None, 0)
    assert (done["request"]["method"], done["request"]["url"]) == ("PUT", hook.url)
    mail = await office.try_out("email", {"email": "ops@example.net"}, dryRun=True)
    assert (mail["success"], mail["request"]) == (True, None)


async def test_nobody_there_is_told_as_such(office: Desk) -> None:
    done = await office.try_out("webhook", {"url": "http://127.0.0.1:1/hook"})
    assert (done["success"], done["response"]["reachable"], done["response"]["statusCode"]) == (False, False, None)
    assert "127.0.0.1" in done["message"]


async def test_what_is_wrong_with_the_config_is_an_error_of_the_validation(office: Desk) -> None:
    for type_, config, text in (
        ("webhook", {"url": "http://10.0.0.1/"}, "config.url must not lead to a private address"),
        ("webhook", {}, "config.url must be an http or https URL"),
        ("email", {"email": "nobody"}, "config.to must have an e-mail address"),
    ):
        done = await office.try_out(type_, config)
        assert (done["success"], done["validation"]["ok"], done["request"]) == (False, False, None)
        assert text in done["validation"]["errors"][0]


async def test_an_email_arrives_at_every_address(office: Desk, mail: SmtpSink) -> None:
    done = await office.try_out("email", {"email": "a@example.net", "to": "b@example.net, c@example.net"})
    assert (done["success"], done["message"], done["request"], done["response"]) == (True, "Sent", None, None)
    for address in ("a@example.net", "b@example.net", "c@example.net"):
        (received,) = mail.to(address)
        assert received.message["Subject"] == "Test of a notification channel"
    mail.refusals["gone@example.net"] = "550 5.1.1 nobody here"
    done = await office.try_out("email", {"email": "gone@example.net"})
    assert (done["success"], "550" in done["message"]) == (False, True)


async def test_text_messages_without_a_service_say_what_is_missing(office: Desk) -> None:
    done = await office.try_out("sms", {"phoneNumber": "+4930123456"})
    assert (done["success"], "MAILPROBE_SMS_URL" in done["message"]) == (False, True)


async def test_a_channel_that_is_there_is_tried_with_its_secrets(office: Desk, hook: WebhookSink) -> None:
    made = await office.create(type="webhook", name="Hook", config={"url": hook.url, "secret": SECRET})
    done = await office.try_out("webhook", {"secret": None}, channelId=made["id"])
    assert done["success"], done
    assert hook.received[0].signed_with(SECRET)
    other = await office.client.post(f"{CHANNELS}/test", json={"type": "email", "config": {}, "channelId": made["id"]})
    assert other.status_code == 400
    assert await office.api.value("SELECT config ->> 'url' FROM notification_channel WHERE id = $1", made["id"])


async def test_whoever_has_one_customer_tries_channels_of_that_customer(office: Desk) -> None:
    api = office.api
    body: dict[str, Any] = {"type": "email", "config": {"email": "a@example.net"}, "dryRun": True}
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with client_of(api.application) as client:
        refused = await client.post(f"{CHANNELS}/test", json=body, headers=admin.headers)
        allowed = await client.post(f"{CHANNELS}/test", json=body | {"customerId": CUSTOMER}, headers=admin.headers)
    assert (refused.status_code, allowed.status_code) == (403, 200)


async def test_nobody_can_send_mail_without_end(office: Desk) -> None:
    body = {"type": "email", "config": {"email": "a@example.net"}, "dryRun": True}
    found = [await office.client.post(f"{CHANNELS}/test", json=body) for _ in range(32)]
    assert [answer.status_code for answer in found] == [200] * 30 + [429] * 2
    assert int(found[-1].headers["retry-after"]) >= 1
