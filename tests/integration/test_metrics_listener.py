"""The HTTP listener that serves metrics: what it answers, and which clients it disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from agent.metrics.counts import Counts
from agent.metrics.reading import AgentMetrics, ReadingSource, rendered
from shared.metrics_listener import PortError, bound, serving
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS
from tests.integration.agent.running_agent import (
    until,
)
from tests.integration.pipeline.small_installation import eventually


@asynccontextmanager
async def listening(
    deadline_seconds: float = 30.0, text: bytes | None = None, host: str = ADDRESS
) -> AsyncIterator[int]:
    source = ReadingSource(Counts(), dict)

    async def render() -> bytes:
        return text or await rendered(AgentMetrics([source.read()], [], []))

    async with serving(bound(host, 0), render, deadline_seconds=deadline_seconds) as port:
        yield port


async def exchange(port: int, sent: bytes, host: str = ADDRESS) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(sent)
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"200 OK", id="a scrape"),
        pytest.param(b"GET /metrics?name[]=up HTTP/1.1\r\n\r\n", b"200 OK", id="a scrape with a query"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"404 Not Found", id="another path"),
        pytest.param(b"POST /metrics HTTP/1.1\r\n\r\n", b"405 Method Not Allowed", id="another method"),
        pytest.param(b"GET /metrics\r\n\r\n", b"400 Bad Request", id="HTTP/0.9"),
        pytest.param(b"\x16\x03\x01 \x00 \xff", b"400 Bad Request", id="a TLS handshake"),
        pytest.param(
            b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
            b"431 Request Header Fields Too Large",
            id="a head without end",
        ),
    ],
)
async def test_the_listener_answers(sent: bytes, status: bytes) -> None:
    async with listening() as port:
        answer = await exchange(port, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Connection: close" in head
    assert (b"mailprobe_agent_build_info{" in body) is (status == b"200 OK")


async def test_a_head_request_has_the_length_and_no_body() -> None:
    async with listening() as port:
        head, _, body = (await exchange(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")).partition(b"\r\n\r\n")
    assert body == b""
    assert b"Content-Length: 0" not in head


async def answered(port: int) -> bool:
    """Whether a request is answered. A connection over the limit may be closed before it is read, which is a reset."""
    try:
        return (await exchange(port, b"GET /nothing HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 404")
    except ConnectionError:
        return False


async def test_a_client_that_sends_nothing_is_disconnected_and_too_many_are_refused() -> None:
    async with listening(deadline_seconds=3.0) as port:
        idle = [await asyncio.open_connection(ADDRESS, port) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert not await answered(port)
        async with asyncio.timeout(30):
            assert [await reader.read() for reader, _ in idle] == [b""] * 8
        assert (await exchange(port, b"GET /metrics HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
        for _, writer in idle:
            writer.close()


MORE_THAN_THE_KERNEL_BUFFERS = b"x" * 12_000_000


async def test_a_client_that_does_not_read_is_disconnected() -> None:
    async with listening(deadline_seconds=4.0, text=MORE_THAN_THE_KERNEL_BUFFERS) as port:
        deaf = [await asyncio.open_connection(ADDRESS, port, limit=1) for _ in range(8)]
        for _, writer in deaf:
            writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")

        await asyncio.sleep(0.05)
        assert not await answered(port)
        assert await eventually(lambda: answered(port))
        for _, writer in deaf:
            writer.transport.abort()


async def test_the_end_of_the_listener_waits_for_nobody() -> None:
    async with asyncio.timeout(30):
        async with listening(deadline_seconds=60) as port:
            reader, writer = await asyncio.open_connection(ADDRESS, port)
            await until(lambda: "serve-metrics" in [task.get_name() for task in asyncio.all_tasks()])
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        pytest.param("::1", ["::1"], id="IPv6"),
        pytest.param("::", ["::1", "127.0.0.1"], id="all addresses of both families"),
        pytest.param("0.0.0.0", ["127.0.0.1"], id="all addresses of IPv4"),  # noqa: S104
        pytest.param("localhost", ["localhost"], id="a name"),
    ],
)
async def test_the_listener_is_reached_at_its_host(host: str, reached: list[str]) -> None:
    if ":" in host:
        requires(_has_ipv6(), "IPv6 on loopback")
    async with listening(host=host) as port:
        for address in reached:
            assert (await exchange(port, b"GET /metrics HTTP/1.1\r\n\r\n", address)).startswith(b"HTTP/1.1 200")


def _has_ipv6() -> bool:
    try:
        bound("::1", 0).close()
    except PortError:
        return False
    return True


def test_a_port_that_is_taken_or_of_another_machine_is_named() -> None:
    with closing(bound(ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        for host, reason in ((ADDRESS, "Address already in use"), ("192.0.2.1", "Cannot assign requested address")):
            with pytest.raises(PortError, match=f"^cannot listen on {host} port {port}: {reason}$"):
                bound(host, port)
