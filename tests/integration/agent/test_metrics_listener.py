"""The HTTP listener that serves an agent's metrics: what it answers, and which clients it disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.metrics.counts import Counts
from agent.metrics.listener import serving
from agent.metrics.reading import AgentMetrics, ReadingSource
from tests.fakes.certificates import ADDRESS
from tests.integration.agent.running_agent import (
    until,
)
from tests.integration.pipeline.small_installation import eventually


@asynccontextmanager
async def listening(deadline_seconds: float = 30.0, collector: Collector | None = None) -> AsyncIterator[int]:
    source = ReadingSource(Counts(), dict)

    async def gather() -> Collector:
        return collector or AgentMetrics([source.read()], [], [])

    async with serving(ADDRESS, 0, gather, deadline_seconds=deadline_seconds) as port:
        yield port


async def exchange(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(ADDRESS, port)
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
        pytest.param(b"\x16\x03\x01 \x00 \xff\r\n\r\n", b"400 Bad Request", id="a TLS handshake"),
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


class _Large(Collector):
    """More than the kernel buffers for a client that does not read."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("large", "x" * 12_000_000, value=1)


async def test_a_client_that_does_not_read_is_disconnected() -> None:
    async with listening(deadline_seconds=4.0, collector=_Large()) as port:
        deaf = [await asyncio.open_connection(ADDRESS, port, limit=1) for _ in range(8)]
        for _, writer in deaf:
            writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")

        await asyncio.sleep(0.05)
        assert not await answered(port)
        assert await eventually(lambda: answered(port), 30)
        for _, writer in deaf:
            writer.transport.abort()


async def test_the_end_of_the_listener_waits_for_nobody() -> None:
    async with asyncio.timeout(30):
        async with listening(deadline_seconds=60) as port:
            reader, writer = await asyncio.open_connection(ADDRESS, port)
            await until(lambda: "serve-metrics" in [task.get_name() for task in asyncio.all_tasks()])
        assert await reader.read() == b""
        writer.close()
