"""Webhooks, sent to a real web server that keeps what it receives."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from controller.notify.destinations import Destinations
from controller.notify.errors import DeliveryError
from controller.notify.notice import PlainNotice
from controller.notify.sending import Sending
from controller.notify.webhook.sender import WebhookSender, prepare
from tests.fakes.certificates import Certificates
from tests.fakes.notices import BEGAN, a_notice, a_sending
from tests.fakes.ports import free_port
from tests.fakes.webhook_sink import Post, WebhookSink
from tests.integration.notify.conftest import LOOPBACK

SECRET = "correct horse"


def webhook(sink: WebhookSink, **config: Any) -> Sending:
    return a_sending({"url": sink.url, "secret": SECRET} | config)


async def posted(sink: WebhookSink, sending: Sending, context: ssl.SSLContext | None = None) -> Post:
    await WebhookSender(Destinations(LOOPBACK), context).send(sending)
    (post,) = sink.received
    return post


async def test_the_body_is_signed_and_the_headers_are_the_documented_ones() -> None:
    with WebhookSink() as sink:
        post = await posted(sink, webhook(sink))
    assert post.method == "POST"
    assert post.signed_with(SECRET)
    assert post.headers["x-webhook-timestamp"] == "2026-03-01T11:00:31.000Z"
    assert post.headers["x-webhook-attempt"] == "1"
    assert post.headers["x-webhook-event"] == "alert"
    assert post.headers["content-type"] == "application/json"


async def test_a_repeat_counts_its_attempt_and_carries_the_same_delivery_key() -> None:
    key = UUID(int=99)
    with WebhookSink() as sink:
        for attempt in (1, 2):
            await WebhookSender(Destinations(LOOPBACK)).send(a_sending({"url": sink.url}, key=key, attempt=attempt))
    assert [post.headers["x-webhook-attempt"] for post in sink.received] == ["1", "2"]
    assert {post.headers["x-webhook-delivery"] for post in sink.received} == {str(key)}
    assert {post.json["deliveryKey"] for post in sink.received} == {str(key)}


async def test_without_a_secret_there_is_no_signature() -> None:
    with WebhookSink() as sink:
        post = await posted(sink, a_sending({"url": sink.url}))
    assert not [name for name in post.headers if "signature" in name]


async def test_the_document_has_the_vendors_fields_and_the_mail_monitor() -> None:
    with WebhookSink() as sink:
        post = await posted(sink, webhook(sink))
    document = post.json
    assert document["event"] == "incident.created"
    incident = document["incident"]
    assert (incident["id"], incident["type"], incident["status"]) == (7, "down", "open")
    assert incident["started_at"] == "2026-03-01T11:00:30.000Z"
    assert incident["outage_started_at"] == "2026-03-01T11:00:00.000Z"
    assert incident["error_message"] == "2 of 3 countries cannot connect: refused; US passes"
    assert document["website"] == {"id": 12, "name": "Office mail", "url": "smtp://mx.example.com:25"}
    assert document["monitor"]["hostname"] == "mx.example.com"
    assert document["customer"]["name"] == "Bäckerei"
    assert document["evidence"][0] == {
        "location": "de-1",
        "country": "DE",
        "saw": "refused (connect): Connection refused",
    }


async def test_a_recovery_says_so() -> None:
    notice = a_notice("resolved")
    with WebhookSink() as sink:
        post = await posted(sink, a_sending({"url": sink.url}, notice=notice))
    assert post.headers["x-webhook-event"] == "recovery"
    assert (post.json["event"], post.json["incident"]["status"]) == ("incident.resolved", "resolved")
    assert post.json["incident"]["resolved_at"] == "2026-03-01T12:05:00.000Z"


async def test_ops_notices_have_a_document_of_their_own() -> None:
    notice = PlainNotice(title="Location us silent", paragraphs=["No agent."], at=BEGAN, subject_id="x")
    with WebhookSink() as sink:
        post = await posted(sink, a_sending({"url": sink.url}, notice=notice))
    assert (post.json["event"], post.json["title"], post.json["subjectId"]) == ("notice", "Location us silent", "x")


@pytest.mark.parametrize(
    ("template", "body", "kind"),
    [
        pytest.param(
            '{"text": "{{websiteName}} {{status}}: {{ errorMessage }}"}',
            b'{"text": "Office \\"mail\\" down: 2 of 3 countries cannot connect: refused; US passes"}',
            "application/json",
            id="a JSON template stays JSON, whatever is filled in",
        ),
        pytest.param(
            "{{websiteName}} at {{websiteUrl}} is {{status}} since {{startedAt}} ({{incident}}){{nothing}}",
            b'Office "mail" at smtp://mx.example.com:25 is down since 2026-03-01T11:00:30.000Z'
            b" (00000000-0000-0000-0000-000000000007)",
            "text/plain; charset=utf-8",
            id="plain text, where an unknown name becomes empty",
        ),
        pytest.param(
            {"to": ["{{hostname}}"]}, b'{"to": ["mx.example.com"]}', "application/json", id="a template given as JSON"
        ),
    ],
)
async def test_a_template_is_filled_in(template: Any, body: bytes, kind: str) -> None:
    monitor = a_notice().monitor
    notice = a_notice(monitor=msgspec.structs.replace(monitor, name='Office "mail"'))
    with WebhookSink() as sink:
        config = {"url": sink.url, "bodyTemplate": template, "secret": SECRET}
        post = await posted(sink, a_sending(config, notice=notice))
    assert post.body == body
    assert post.headers["content-type"] == kind
    assert post.signed_with(SECRET)


async def test_the_channels_own_method_and_headers_are_used_but_not_in_place_of_ours() -> None:
    with WebhookSink() as sink:
        headers = {"Authorization": "Bearer abc", "content-type": "text/x", "X-Webhook-Event": "mine", "Host": "evil"}
        post = await posted(sink, webhook(sink, method="put", headers=headers))
    assert post.method == "PUT"
    assert post.headers["authorization"] == "Bearer abc"
    assert post.headers["content-type"] == "text/x"
    assert post.headers["x-webhook-event"] == "alert"
    assert post.headers["host"] == f"127.0.0.1:{sink.port}"


async def test_the_name_is_shown_to_the_server_although_the_address_is_connected_to(certificates: Certificates) -> None:
    context = httpx.create_ssl_context(trust_env=False)
    certificates.authority.configure_trust(context)
    with WebhookSink(tls=certificates.context("name only")) as sink:
        post = await posted(sink, a_sending({"url": f"https://localhost:{sink.port}/in?a=b"}), context)
    assert (post.headers["host"], post.path) == (f"localhost:{sink.port}", "/in?a=b")


async def test_a_bad_certificate_is_refused(certificates: Certificates) -> None:
    context = httpx.create_ssl_context(trust_env=False)
    certificates.authority.configure_trust(context)
    with (
        WebhookSink(tls=certificates.context("wrong host")) as sink,
        pytest.raises(DeliveryError, match=r"^the certificate of 127\.0\.0\.1 is not valid: ") as error,
    ):
        await posted(sink, a_sending({"url": sink.url}), context)
    assert not sink.received
    assert not error.value.permanent


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        pytest.param(400, True, id="400: our request is not understood"),
        pytest.param(404, True, id="404"),
        pytest.param(410, True, id="410: gone"),
        pytest.param(302, True, id="302: redirects are not followed"),
        pytest.param(408, False, id="408: it gave up waiting"),
        pytest.param(429, False, id="429: too many for now"),
        pytest.param(500, False, id="500"),
        pytest.param(503, False, id="503"),
    ],
)
async def test_an_answer_says_whether_trying_again_makes_sense(status: int, permanent: bool) -> None:
    with WebhookSink() as sink:
        sink.answers.append(status)
        with pytest.raises(DeliveryError) as error:
            await posted(sink, webhook(sink))
    assert (error.value.permanent, error.value.status) == (permanent, status)


async def test_a_redirect_is_not_followed() -> None:
    with WebhookSink() as inner, WebhookSink() as sink:
        sink.answers.append(307)
        sink.location = inner.url
        with pytest.raises(DeliveryError):
            await posted(sink, webhook(sink))
        assert len(sink.received) == 1
        assert not inner.received


@pytest.mark.parametrize(
    ("expected", "status", "good"),
    [
        pytest.param("200,204", 204, True, id="one of the list"),
        pytest.param([201], 200, False, id="2xx, but not the expected one"),
        pytest.param("404", 404, True, id="any status that the channel accepts"),
        pytest.param(None, 299, True, id="any 2xx without a list"),
    ],
)
async def test_the_channel_says_which_answers_are_good(expected: Any, status: int, good: bool) -> None:
    with WebhookSink() as sink:
        sink.answers.append(status)
        sending = webhook(sink, expectedStatusCodes=expected)
        if good:
            await posted(sink, sending)
        else:
            with pytest.raises(DeliveryError):
                await posted(sink, sending)


async def test_a_silent_receiver_is_given_up_for_now() -> None:
    with WebhookSink() as sink:
        sink.hold()
        with pytest.raises(DeliveryError, match="did not answer in time") as error:
            await posted(sink, webhook(sink, timeout=3))  # the connection has no more time either
    assert not error.value.permanent


async def test_no_more_is_read_than_needed() -> None:
    with WebhookSink() as sink:
        sink.body = b"x" * 5_000_000
        answer = await WebhookSender(Destinations(LOOPBACK)).exchange(prepare(webhook(sink)))
    assert len(answer.body) == 16 * 1024


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
    ],
)
async def test_private_addresses_are_refused(url: str) -> None:
    with WebhookSink() as sink:
        with pytest.raises(DeliveryError) as error:
            await WebhookSender(Destinations()).send(a_sending({"url": url.format(port=sink.port)}))
        assert not sink.received
    assert error.value.permanent or "cannot resolve" in str(error.value)


@pytest.mark.parametrize("url", ["ftp://example.com/", "no url", "", "http://", "http://[::1"])
async def test_what_is_no_url_is_refused_for_good(url: str) -> None:
    with pytest.raises(DeliveryError) as error:
        await WebhookSender(Destinations(LOOPBACK)).send(a_sending({"url": url}))
    assert error.value.permanent


async def test_a_server_that_closes_the_connection_is_reported_in_plain_words() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DeliveryError, match=r"^127\.0\.0\.1 closed the connection") as error:
            await WebhookSender(Destinations(LOOPBACK)).send(a_sending({"url": f"http://127.0.0.1:{port}/"}))
    assert not error.value.permanent


async def test_nobody_there_is_worth_another_try() -> None:
    with pytest.raises(DeliveryError, match=r"^cannot connect to 127\.0\.0\.1$") as error:
        await WebhookSender(Destinations(LOOPBACK)).send(a_sending({"url": f"http://127.0.0.1:{free_port()}/"}))
    assert not error.value.permanent


async def test_headers_that_http_does_not_know_are_refused_for_good() -> None:
    with WebhookSink() as sink, pytest.raises(DeliveryError) as error:
        await posted(sink, webhook(sink, headers={"X-A": "line\r\nX-B: break"}))
    assert error.value.permanent
    assert not sink.received
