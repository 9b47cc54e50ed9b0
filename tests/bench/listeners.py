"""Many clients of server-sent events, each with a stream of its own, in a process of their own.

They use raw asyncio, because a complete client costs more than the server it measures. They reconnect by themselves,
and continue after the last id they read.

    python -m tests.bench.listeners

reads a ClientSet, prints a line when all are listening, and then an Answer to each further line, a Question.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from datetime import datetime
from typing import Any, cast

import msgspec
import uvloop

from tests.bench.figures import spread

_AGAIN_SECONDS = 1.0
_COMPLETE_SECONDS = 30.0
_AT_ONCE = 50
_START = b"HTTP/1.1 200"


class ClientSet(msgspec.Struct, frozen=True, kw_only=True):
    """So many clients, which use the tokens in turn."""

    port: int
    path: str
    tokens: list[str]
    clients: int


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`expected` are the event ids that the clients of each token should have by now; the answer waits for them."""

    expected: list[list[str]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The latency of events since the last question, in milliseconds.

    Lost and repeated events, gaps and reconnects are counted since the beginning.
    """

    latency_ms: dict[str, float]
    received: int
    lost: int
    repeated: int
    gaps: int
    reconnects: int


class Listener(asyncio.Protocol):
    """One client, over all its connections."""

    def __init__(self, client_set: ClientSet, token: int) -> None:
        self.token = token
        self.received_ids: list[bytes] = []
        self.latencies: list[float] = []
        self.gaps = 0
        self.connections = 0
        self.listening = asyncio.Event()
        self._again_seconds = _AGAIN_SECONDS
        self._client_set = client_set
        self._last = b""
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._gone = asyncio.Event()

    async def listen(self) -> None:
        """Connect and reconnect until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._gone.clear()
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", self._client_set.port)
                await self._gone.wait()
            except OSError:
                pass
            await asyncio.sleep(self._again_seconds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transport is not typed as asyncio's
        self._rest = b""
        last = b"Last-Event-ID: " + self._last + b"\r\n" if self._last else b""
        head = f"GET {self._client_set.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
        self._transport.write(head.encode() + last + b"\r\n")

    @property
    def _token(self) -> str:
        return self._client_set.tokens[self.token]

    def connection_lost(self, _: Exception | None) -> None:
        self._gone.set()

    def data_received(self, data: bytes) -> None:
        now = time.time()
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        for block in blocks:
            if b"retry: " in block:
                assert b"HTTP/1.1 " not in block or _START in block, block
                self.connections += 1
                self._again_seconds = int(block.rpartition(b"retry: ")[2]) / 1000
                self.listening.set()
            elif b"event: gap" in block:
                self.gaps += 1
            elif b"event: result" in block:
                self._receive(block, now)
            if (at := block.find(b"id: ")) >= 0 and b"event: end" not in block:
                self._last = block[at + 4 :].partition(b"\n")[0]
        if self._rest.startswith(b"HTTP/1.1 ") and not self._rest.startswith(_START) and self._transport:
            self._transport.close()  # the API is not ready yet

    def _receive(self, block: bytes, now: float) -> None:
        self.received_ids.append(_text(block, b'"eventId":"'))
        stored = datetime.fromisoformat(_text(block, b'"occurredAt":"').decode()).timestamp()
        self.latencies.append(1000 * (now - stored))


def _text(block: bytes, before: bytes) -> bytes:
    at = block.index(before) + len(before)
    return block[at : block.index(b'"', at)]


async def _answer(listeners: list[Listener], question: Question) -> Answer:
    expected = [frozenset(each.encode() for each in ids) for ids in question.expected]
    end = time.monotonic() + _COMPLETE_SECONDS
    while time.monotonic() < end and any(len(each.received_ids) < len(expected[each.token]) for each in listeners):
        await asyncio.sleep(0.05)
    answer = Answer(
        latency_ms=spread(latency for each in listeners for latency in each.latencies),
        received=sum(len(each.latencies) for each in listeners),
        lost=sum(len(expected[each.token] - set(each.received_ids)) for each in listeners),
        repeated=sum(count - 1 for each in listeners for count in Counter(each.received_ids).values()),
        gaps=sum(each.gaps for each in listeners),
        reconnects=sum(each.connections - 1 for each in listeners),
    )
    for each in listeners:
        each.latencies = []
    return answer


async def _run() -> None:
    lines = asyncio.StreamReader(limit=2**28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    client_set = msgspec.json.decode(await lines.readline(), type=ClientSet)
    listeners = [Listener(client_set, number % len(client_set.tokens)) for number in range(client_set.clients)]
    tasks: list[asyncio.Task[Any]] = []
    for start in range(0, len(listeners), _AT_ONCE):
        some = listeners[start : start + _AT_ONCE]
        tasks += [asyncio.create_task(each.listen()) for each in some]
        await asyncio.gather(*(each.listening.wait() for each in some))
    print("listening", flush=True)
    while line := await lines.readline():
        answer = await _answer(listeners, msgspec.json.decode(line, type=Question))
        print(msgspec.json.encode(answer).decode(), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(_run())
