"""Testing a channel sends a real message to a receiver, and the answer has the documented form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from controller.model import Role
from controller.notify.email.relay import Relay, RelayTls
from shared.nats.bus import Bus
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.api.channels.channel_client import CHANNELS, ChannelClient, open_channel_client
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

SECRET = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def mail() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
async def channels(api: Api, module_bus: Bus, mail: SmtpSink) -> AsyncIterator[ChannelClient]:
    relay = Relay(host="127.0.0.1", sender="mailprobe@example.com", port=mail.port, tls=RelayTls.NONE)
    async with open_channel_client(api, module_bus, relay=relay) as client:
        yield client


@pytest.fixture(autouse=True)
async def _no_requests_counted(api: Api) -> None:
    await api.value("DELETE FROM request_count")


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


async def test_a_webhook_is_sent_signed_and_its_answer_is_shown_without_secrets(
    channels: ChannelClient, hook: WebhookSink
) -> None:
    hook.body = f"thanks, {SECRET}".encode()
    config = {"url": hook.url, "secret": SECRET, "headers": {"Authorization": f"Bearer {SECRET}"}, "timeout": 5}
    done = await channels.try_out("webhook", config)
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
    ("status", "success", "accepted"),
    [
        pytest.param(204, True, True, id="the message is accepted"),
        pytest.param(429, True, False, id="too many requests: the receiver works"),
        pytest.param(302, False, False, id="a redirect is not followed"),
        pytest.param(500, False, False, id="a server error"),
    ],
)
async def test_the_status_of_the_receiver_decides_the_success(
    channels: ChannelClient, hook: WebhookSink, status: int, success: bool, accepted: bool
) -> None:
    hook.answers, hook.location = [status], f"{hook.address}/elsewhere"
    done = await channels.try_out("webhook", {"url": hook.url})
    assert (done["success"], done["response"]["ok"], done["response"]["statusCode"]) == (success, accepted, status)
    assert len(hook.received) == 1


async def test_only_the_expected_statuses_of_the_channel_are_a_success(
    channels: ChannelClient, hook: WebhookSink
) -> None:
    done = await channels.try_out("webhook", {"url": hook.url, "expectedStatusCodes": "201"})
    assert (done["success"], done["response"]["ok"]) == (False, False)


async def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(channels: ChannelClient, hook: WebhookSink) -> None:
    done = await channels.try_out("webhook", {"url": hook.url, "method": "put"}, dryRun=True)
    assert (done["success"], done["mode"], done["response"], hook.requests) == (True, "dryRun", None, 0)
    assert (done["request"]["method"], done["request"]["url"]) == ("PUT", hook.url)
    mail = await channels.try_out("email", {"email": "ops@example.net"}, dryRun=True)
    assert (mail["success"], mail["request"]) == (True, None)


async def test_a_receiver_that_cannot_be_reached_is_reported(channels: ChannelClient) -> None:
    done = await channels.try_out("webhook", {"url": "http://127.0.0.1:1/hook"})
    assert (done["success"], done["response"]["reachable"], done["response"]["statusCode"]) == (False, False, None)
    assert "127.0.0.1" in done["message"]


async def test_a_wrong_config_is_a_validation_error(channels: ChannelClient) -> None:
    for type_, config, text in (
        ("webhook", {"url": "http://10.0.0.1/"}, "config.url must not lead to a private address"),
        ("webhook", {}, "config.url must be an http or https URL"),
        ("email", {"email": "nobody"}, "config.to must have an e-mail address"),
    ):
        done = await channels.try_out(type_, config)
        assert (done["success"], done["validation"]["ok"], done["request"]) == (False, False, None)
        assert text in done["validation"]["errors"][0]


async def test_an_email_arrives_at_every_address(channels: ChannelClient, mail: SmtpSink) -> None:
    done = await channels.try_out("email", {"email": "a@example.net", "to": "b@example.net, c@example.net"})
    assert (done["success"], done["message"], done["request"], done["response"]) == (True, "Sent", None, None)
    for address in ("a@example.net", "b@example.net", "c@example.net"):
        (received,) = mail.to(address)
        assert received.message["Subject"] == "Test of a notification channel"
    mail.refusals["gone@example.net"] = "550 5.1.1 nobody here"
    done = await channels.try_out("email", {"email": "gone@example.net"})
    assert (done["success"], "550" in done["message"]) == (False, True)


async def test_a_mail_says_that_alerts_will_not_arrive_there(channels: ChannelClient, mail: SmtpSink) -> None:
    await channels.api.create(hostname="served.test")
    done = await channels.try_out("email", {"email": "ops@served.test"})
    (warning,) = done["validation"]["warnings"]
    (received,) = mail.to("ops@served.test")
    assert f"Note: {warning}." in " ".join(received.text().split())


async def test_a_text_message_without_a_service_names_the_missing_setting(channels: ChannelClient) -> None:
    done = await channels.try_out("sms", {"phoneNumber": "+4930123456"})
    assert (done["success"], "MAILPROBE_SMS_URL" in done["message"]) == (False, True)


async def test_an_existing_channel_is_tested_with_its_stored_secrets(
    channels: ChannelClient, hook: WebhookSink
) -> None:
    made = await channels.create(type="webhook", name="Hook", config={"url": hook.url, "secret": SECRET})
    done = await channels.try_out("webhook", {"secret": None}, channelId=made["id"])
    assert done["success"], done
    assert hook.received[0].signed_with(SECRET)
    other = await channels.client.post(
        f"{CHANNELS}/test", json={"type": "email", "config": {}, "channelId": made["id"]}
    )
    assert other.status_code == 400
    assert await channels.api.value("SELECT config ->> 'url' FROM notification_channel WHERE id = $1", made["id"])


async def test_an_admin_of_one_customer_tests_channels_of_that_customer_only(channels: ChannelClient) -> None:
    api = channels.api
    body: dict[str, Any] = {"type": "email", "config": {"email": "a@example.net"}, "dryRun": True}
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with client_of(api.application) as client:
        refused = await client.post(f"{CHANNELS}/test", json=body, headers=admin.headers)
        allowed = await client.post(f"{CHANNELS}/test", json=body | {"customerId": CUSTOMER}, headers=admin.headers)
    assert (refused.status_code, allowed.status_code) == (403, 200)


async def test_tests_of_channels_are_limited(channels: ChannelClient) -> None:
    body = {"type": "email", "config": {"email": "a@example.net"}, "dryRun": True}
    found = [await channels.client.post(f"{CHANNELS}/test", json=body) for _ in range(32)]
    assert [answer.status_code for answer in found] == [200] * 30 + [429] * 2
    assert int(found[-1].headers["retry-after"]) >= 1
