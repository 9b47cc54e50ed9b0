"""Chat, on-call and text message services by Apprise: the URL of each config, and sending to servers of the test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from controller.errors import InvalidError
from controller.notify.apprise.process import AppriseProcesses
from controller.notify.apprise.services import SERVICES, service_url
from controller.notify.channels import Senders, open_senders
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.message import Tone
from controller.notify.notice import PlainNotice
from controller.notify.registry import CHANNELS
from shared.secret import Secret
from tests.fakes.listening import Listener
from tests.fakes.notices import BEGAN, a_notice, a_sending
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.complete_configs import COMPLETE
from tests.integration.notify.conftest import LOOPBACK


@pytest.fixture(scope="module")
async def apprise() -> AsyncIterator[AppriseProcesses]:
    async with AppriseProcesses.open() as processes:
        yield processes


def test_every_service_has_a_complete_config_here() -> None:
    assert COMPLETE.keys() == SERVICES.keys()


@pytest.mark.parametrize(
    ("name", "config"), [pytest.param(name, config, id=name) for name, all_ in COMPLETE.items() for config in all_]
)
async def test_apprise_understands_what_a_complete_config_makes(
    apprise: AppriseProcesses, name: str, config: dict[str, Any]
) -> None:
    for notice, tone in ((a_notice(), Tone.TROUBLE), (a_notice("resolved"), Tone.BETTER)):
        assert await apprise.understands(service_url(name, config, notice, tone), plugins=SERVICES[name].plugins)


@pytest.mark.parametrize("name", SERVICES)
def test_an_empty_config_is_refused_with_what_it_needs(name: str) -> None:
    with pytest.raises(InvalidError, match="needs"):
        service_url(name, {})


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        pytest.param("slack", "json://127.0.0.1/", id="another plugin's URL"),
        pytest.param("slack", "mailto://user:pass@example.com", id="mail"),
        pytest.param("slack", "https://example.com/hook", id="a web server that is not the service's"),
        pytest.param("discord", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", id="another service's URL"),
        pytest.param("gotify", "syslog://", id="this machine's log"),
        pytest.param("mattermost", "hello", id="no URL"),
    ],
)
async def test_a_service_is_no_way_to_another(senders: Senders, name: str, secret: str) -> None:
    with pytest.raises(InvalidError):
        await CHANNELS[name].check(senders, {"secret": secret})
    with pytest.raises(DeliveryError) as error:
        await CHANNELS[name].send(senders, a_sending({"secret": secret}))
    assert error.value.permanent


async def test_a_message_reaches_the_service_with_its_reason(senders: Senders) -> None:
    with WebhookSink() as sink:
        config = {"url": f"http://127.0.0.1:{sink.port}", "token": "Aabcdefgh123456"}
        await CHANNELS["gotify"].check(senders, config)
        await CHANNELS["gotify"].send(senders, a_sending(config))
        (post,) = sink.received
    assert post.json["title"] == f"Down: Office mail \N{EN DASH} {a_notice().reason}"
    assert "2 of 3 countries cannot connect: refused; US passes" in post.json["message"]


async def test_private_addresses_are_refused_unless_allowed() -> None:
    with WebhookSink() as sink:
        config = {"url": f"http://localhost:{sink.port}", "token": "Aabcdefgh123456"}
        async with open_senders(relay=None, sms_url=None) as senders:
            with pytest.raises(DeliveryError, match="private") as error:
                await CHANNELS["gotify"].send(senders, a_sending(config))
        assert error.value.permanent
        assert not sink.received


async def test_a_redirect_is_not_followed(senders: Senders) -> None:
    with WebhookSink() as inner, WebhookSink() as sink:
        sink.answers.append(302)
        sink.location = inner.url
        with pytest.raises(DeliveryError):
            await CHANNELS["gotify"].send(
                senders, a_sending({"url": f"http://127.0.0.1:{sink.port}", "token": "Aabcdefgh123456"})
            )
        assert not inner.received


@pytest.mark.parametrize(("status", "permanent"), [(401, True), (404, True), (429, False), (500, False)])
async def test_the_services_status_says_whether_trying_again_makes_sense(
    senders: Senders, status: int, permanent: bool
) -> None:
    with WebhookSink() as sink:
        sink.answers += [status] * 5
        with pytest.raises(DeliveryError) as error:
            await CHANNELS["gotify"].send(
                senders, a_sending({"url": f"http://127.0.0.1:{sink.port}", "token": "Aabcdefgh123456"})
            )
    assert (error.value.permanent, error.value.status) == (permanent, status)


async def test_what_belongs_to_one_incident_carries_one_key() -> None:
    config = COMPLETE["pagerduty"][0]
    urls = {service_url("pagerduty", config, a_notice(change), Tone.TROUBLE) for change in ("opened", "resolved")}
    assert len(urls) == 1
    assert urls.pop().endswith("action=map&dedup=00000000-0000-0000-0000-000000000007")
    alone = PlainNotice(title="T", paragraphs=[], at=BEGAN)
    assert "dedup" not in service_url("pagerduty", config, alone, Tone.PLAIN)


async def test_a_text_message_goes_to_the_number_with_its_reason() -> None:
    with WebhookSink() as sink:
        url = Secret(f"json://127.0.0.1:{sink.port}/{{number}}")
        async with open_senders(relay=None, sms_url=url) as senders:
            await CHANNELS["sms"].send(senders, a_sending(receiver="+4930123456"))
        (post,) = sink.received
    assert post.path == "/+4930123456"
    assert post.json["title"] == "Down: Office mail"
    assert post.json["message"] == "2 of 3 countries cannot connect: refused; US passes"


async def test_without_a_text_message_service_the_error_says_why_nothing_is_sent() -> None:
    async with open_senders(relay=None, sms_url=None) as senders:
        with pytest.raises(SkippedError, match="MAILPROBE_SMS_URL"):
            await CHANNELS["sms"].send(senders, a_sending(receiver="+4930123456"))


async def test_a_slow_service_delays_no_other(senders: Senders) -> None:
    with WebhookSink() as slow, WebhookSink() as sink:
        slow.hold()
        config = {"token": "Aabcdefgh123456"}

        def send(port: int) -> Awaitable[Any]:
            return CHANNELS["gotify"].send(senders, a_sending(config | {"url": f"http://127.0.0.1:{port}"}))

        # Apprise gives up on the slow one after 4 s, and on a busy machine a process takes as long to start.
        await asyncio.gather(send(sink.port), send(sink.port))
        stuck = asyncio.ensure_future(send(slow.port))
        while not slow.requests:
            await asyncio.sleep(0.01)
        await send(sink.port)
        assert len(sink.received) == 3
        assert not stuck.done()
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)


async def test_an_answer_without_end_is_broken_off_by_killing_the_process() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with Listener(drip) as listener, AppriseProcesses.open(seconds=2.0) as processes:
        url = f"gotify://127.0.0.1:{listener.port}/Aabcdefgh123456"
        with pytest.raises(DeliveryError, match="did not answer in time") as error:
            await processes.send(url, a_sending().message, allowed=LOOPBACK)
        assert not processes._all
    assert not error.value.permanent


async def test_no_process_outlives_the_controller() -> None:
    async with AppriseProcesses.open() as processes:
        assert await processes.understands(COMPLETE["slack"][0]["secret"])
        (running,) = processes._all
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


async def test_a_process_knows_nothing_of_the_controllers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILPROBE_VAULT_KEYS", "s3cret-word")
    async with AppriseProcesses.open() as processes:
        assert await processes.understands(COMPLETE["slack"][0]["secret"])
        (running,) = processes._all
        with open(f"/proc/{running.pid}/environ", "rb") as environment:  # noqa: ASYNC230, PTH123
            assert b"s3cret-word" not in environment.read()
