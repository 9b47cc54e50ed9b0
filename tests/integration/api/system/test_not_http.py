"""Clients that send something else than requests of HTTP/1.1: they are told so, and the log stays quiet."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from controller.http.connection import Connection
from tests.integration.api.conftest import Api
from tests.integration.api.serving import serving

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SECONDS = 10


def _hello() -> bytes:
    """The first bytes of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.fixture
async def port(api: Api) -> AsyncIterator[int]:
    async with serving(api.application) as url:
        yield urlsplit(url).port or 0


async def exchange(port: int, *sent: bytes) -> bytes:
    """All that the server says until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(SECONDS):
            for data in sent:
                writer.write(data)
                await writer.drain()
            return await reader.read()
    finally:
        writer.close()


def problem(answer: bytes) -> tuple[bytes, dict[str, Any]]:
    """The status line and the body of one answer, which must be all there is."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head
    assert b"connection: close" in head
    return head.splitlines()[0], json.loads(body)


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        pytest.param(_hello(), 400, "without TLS: use http:// here", id="a TLS handshake"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505, "HTTP/1.1 only", id="HTTP/2"),
        pytest.param(b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "HTTP/1.1 only", id="another version"),
        pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + HEALTH, 400, "PROXY protocol", id="PROXY, as text"),
        pytest.param(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 400, "PROXY protocol", id="PROXY, in binary"),
        pytest.param(b"EHLO client.example.com\r\n", 400, "not a request of HTTP/1.1", id="SMTP"),
        pytest.param(b"\0\1\2\xff" * 100_000, 400, "not a request of HTTP/1.1", id="noise"),
        pytest.param(b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "not a request", id="a path that is no ASCII"),
        pytest.param(b"CONNECT example.com:25 HTTP/1.1\r\n\r\n", 400, "not a request", id="CONNECT"),
        pytest.param(
            b"GET / HTTP/1.1\r\nX: " + b"x" * 400_000,
            431,
            "The head of the request is too large",
            id="a head without end",
        ),
        pytest.param(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 12_000 + b"\r\n",
            431,
            "The head of the request is too large",
            id="a head that ends in one read",
        ),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\n\r\nno\r\n",
            400,
            "not a request",
            id="a chunk without a length",
        ),
    ],
)
async def test_it_is_told_what_the_port_speaks(
    port: int, caplog: pytest.LogCaptureFixture, sent: bytes, status: int, message: str
) -> None:
    line, body = problem(await exchange(port, sent))
    assert int(line.split()[1]) == status
    assert set(body) == {"statusCode", "statusMessage", "message"}
    assert (body["statusCode"], message in body["message"]) == (status, True)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Content-Length: 9\r\n\r\n{", id="it closes the connection"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", id="it closes the connection between chunks"),
    ],
)
async def test_a_client_that_leaves_before_its_request_ends_is_no_failure_of_the_server(
    api: Api, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    async with serving(api.application) as url:  # ends when all requests have ended
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(POST + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    text = (await api.client.get("/metrics")).text
    assert set(re.findall(r'_requests_total{method="POST",route="/api/session",status="(\d+)"}', text)) == {"400"}
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_answer_that_is_under_way_is_given_before_the_connection_ends(port: int) -> None:
    answer = await exchange(port, HEALTH + b"\x16\x03noise")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b'{"status":"ok"}')


async def test_answers_to_the_requests_before_one_that_breaks_off_are_given(port: int) -> None:
    answer = await exchange(port, HEALTH + HEALTH + POST + b"Transfer-Encoding: chunked\r\n\r\nno\r\n")
    assert answer.count(b'{"status":"ok"}') == 2
    assert b"HTTP/1.1 400" not in answer


async def test_a_field_after_a_body_is_no_header(port: int, api: Api) -> None:
    """RFC 9110, section 6.5.1: a proxy may have checked the head only."""
    chunked = b"GET /api/locations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    token = f"Authorization: {api.client.headers['Authorization']}\r\n".encode()
    assert (await exchange(port, chunked + b"0\r\n" + token + b"\r\n")).startswith(b"HTTP/1.1 401")


async def test_noise_after_an_answer_is_refused(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(SECONDS):
        writer.write(HEALTH)
        assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200 OK")
        writer.write(_hello())
        assert "without TLS" in problem(await reader.read())[1]["message"]
    writer.close()


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.2"])
async def test_an_upgrade_that_is_not_offered_is_ignored_without_a_word(
    port: int, caplog: pytest.LogCaptureFixture, upgrade: bytes
) -> None:
    """RFC 9110, section 7.8. Some clients offer HTTP/2 with their first request and go on with HTTP/1.1."""
    first = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n")
    last = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert (await exchange(port, first, last)).count(b"HTTP/1.1 200 OK") == 2
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"GET /healthz\r\n", b"HTTP/1.1 408 Request Timeout", id="HTTP/0.9, or a slow client"),
        pytest.param(HEALTH + b"GET /heal", b"HTTP/1.1 408 Request Timeout", id="half of a second request"),
    ],
)
async def test_a_head_that_does_not_end_has_a_deadline(
    port: int, monkeypatch: pytest.MonkeyPatch, sent: bytes, answer: bytes
) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.2)
    assert answer in await exchange(port, sent)


async def test_a_body_may_take_longer_than_a_head(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(SECONDS):
        writer.write(
            b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        )
        await asyncio.sleep(0.3)
        writer.write(b"{}")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_a_connection_that_was_idle_serves_the_next_request(port: int) -> None:
    """Clients keep a connection for five seconds and more, so one that ended then would be used while it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(SECONDS):
            for idle in (0, 5.5):
                await asyncio.sleep(idle)
                writer.write(HEALTH)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 ")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
    finally:
        writer.close()
