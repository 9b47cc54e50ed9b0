"""Properties of all channel types: each says whether trying again makes sense, and none shows a secret."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from controller.errors import InvalidError
from controller.notify.channels import Senders, open_senders
from controller.notify.email.relay import Relay, RelayTls
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.registry import CHANNELS
from shared.secret import Secret
from tests.fakes.notices import a_sending
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.conftest import LOOPBACK

SECRET = "hush0hush1hush2hush3hush4hush5"
RECEIVERS = {"email": "ops@example.com", "sms": "+4930123456"}

# Types whose server may be anywhere, so also on this machine. Each of the others belongs to one company.
SELF_HOSTED: dict[str, Any] = {
    "webhook": lambda port: {
        "url": f"http://127.0.0.1:{port}/{SECRET}",
        "secret": SECRET,
        "headers": {"X-Key": SECRET},
    },
    "gotify": lambda port: {"url": f"http://127.0.0.1:{port}", "token": "A" + SECRET[:14]},
    "mattermost": lambda port: {"secret": f"http://127.0.0.1:{port}/hooks/{SECRET}"},
    "ntfy": lambda port: {"url": f"http://127.0.0.1:{port}", "topic": "ops", "token": f"tk_{SECRET}"},
    "rocketchat": lambda port: {"secret": f"http://127.0.0.1:{port}/hooks/{SECRET}/{SECRET}"},
    "alertmanager": lambda port: {"url": f"http://127.0.0.1:{port}", "token": SECRET},
    "allquiet": lambda port: {"secret": f"http://127.0.0.1:{port}/api/webhook/{SECRET}"},
    "gitlab": lambda port: {"url": f"http://127.0.0.1:{port}/alerts/notify/1.json", "token": SECRET},
    "goalert": lambda port: {"secret": f"http://127.0.0.1:{port}/api/v2/generic/incoming?token={SECRET}"},
    "grafanaoncall": lambda port: {"secret": f"http://127.0.0.1:{port}/formatted_webhook/{SECRET}/"},
    "linear": lambda port: {"url": f"http://127.0.0.1:{port}/graphql", "apiKey": SECRET, "teamId": "T"},
    "opsgenie": lambda port: {"url": f"http://127.0.0.1:{port}", "apiKey": SECRET},
    "pagerduty": lambda port: {"url": f"http://127.0.0.1:{port}", "routingKey": SECRET},
    "servicenow": lambda port: {"url": f"http://127.0.0.1:{port}", "user": "u", "password": SECRET},
}
BY_DIALOGUE = frozenset({"linear"})
"""Types that need more than one request, which test_handover_to_linear plays."""


def secrets(config: dict[str, Any]) -> list[str]:
    return [text for text in (SECRET, "A" + SECRET[:14]) if text in str(config)]


@pytest.mark.parametrize("kind", CHANNELS)
async def test_an_incomplete_config_is_refused_and_fails_for_good(senders: Senders, kind: str) -> None:
    config = {"nothing": "of use", "password": SECRET}
    with pytest.raises(InvalidError) as refused:
        await CHANNELS[kind].check(senders, config)
    assert SECRET not in str(refused.value)
    if kind in RECEIVERS:
        return  # the receiver is known even when the config became invalid since
    with pytest.raises(DeliveryError) as error:
        await CHANNELS[kind].send(senders, a_sending(config))
    assert error.value.permanent
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("status", [403, 404, 500, 503])
@pytest.mark.parametrize("kind", SELF_HOSTED)
async def test_a_refusal_says_whether_to_try_again_and_shows_no_secret(
    senders: Senders, kind: str, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with WebhookSink() as sink:
        sink.answers += [status] * 4
        sink.body = SECRET.encode()
        config = SELF_HOSTED[kind](sink.port)
        with pytest.raises(DeliveryError) as error:
            await CHANNELS[kind].send(senders, a_sending(config))
        assert sink.received
    assert error.value.permanent is (status < 500)
    printed = capfd.readouterr()
    for text in (str(error.value), repr(error.value), caplog.text, printed.out, printed.err):
        assert not [secret for secret in secrets(config) if secret in text]


@pytest.mark.parametrize("kind", SELF_HOSTED)
async def test_nobody_there_is_worth_another_try(senders: Senders, kind: str) -> None:
    with WebhookSink() as sink:
        port = sink.port
    with pytest.raises(DeliveryError) as error:
        await CHANNELS[kind].send(senders, a_sending(SELF_HOSTED[kind](port)))
    assert not error.value.permanent
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("kind", SELF_HOSTED)
async def test_a_private_address_is_refused_for_good_unless_it_is_allowed(kind: str) -> None:
    with WebhookSink() as sink:
        async with open_senders(relay=None, sms_url=None) as strict:
            with pytest.raises(DeliveryError, match="private") as error:
                await CHANNELS[kind].send(strict, a_sending(SELF_HOSTED[kind](sink.port)))
        assert error.value.permanent
        assert not sink.received


@pytest.mark.parametrize("kind", [*(kind for kind in SELF_HOSTED if kind not in BY_DIALOGUE), "sms", "email"])
async def test_what_is_accepted_raises_nothing(kind: str) -> None:
    with WebhookSink() as sink, SmtpSink() as mail:
        relay = Relay(host="127.0.0.1", port=mail.port, sender="probe@example.net", tls=RelayTls.NONE)
        sms = Secret(f"json://127.0.0.1:{sink.port}/{{number}}")
        async with open_senders(relay=relay, sms_url=sms, allowed=LOOPBACK) as senders:
            config = SELF_HOSTED[kind](sink.port) if kind in SELF_HOSTED else {}
            await CHANNELS[kind].send(senders, a_sending(config, receiver=RECEIVERS.get(kind, "")))
        assert len(sink.received) + len(mail.received) == 1


@pytest.mark.parametrize("kind", RECEIVERS)
async def test_what_is_not_set_up_says_so(kind: str) -> None:
    async with open_senders(relay=None, sms_url=None) as bare:
        with pytest.raises(SkippedError, match="MAILPROBE_"):
            await CHANNELS[kind].send(bare, a_sending(receiver=RECEIVERS[kind]))
