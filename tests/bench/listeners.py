"""Many clients of one stream of server-sent events each, a process of its own: raw asyncio, since a complete client
costs more than the server it measures. They come back by themselves, behind the last id they read.

    python -m tests.bench.listeners

reads a Crowd, answers a line when all are listening, and then an answer to each further line: a Question.
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


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """So many clients in turn for each of the tokens."""

    port: int
    path: str
    tokens: list[str]
    clients: int


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`expected` are the event ids that the clients of each token should have by now; wait for them."""

    expected: list[list[str]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Latency of events since the last question, in milliseconds; and since the beginning what is wrong with them, and
    how often clients came back.
    """

    latency_ms: dict[str, float]
    received: int
    lost: int
    repeated: int
    gaps: int
    reconnects: int


class Listener(asyncio.Protocol):
    """One client, over all its connections."""

    def __init__(self, crowd: Crowd, token: int) -> None:
        self.token = token
        self.heard: list[bytes] = []
        self.latencies: list[float] = []
        self.gaps = 0
        self.connections = 0
        self.listening = asyncio.Event()
        self._again_seconds = _AGAIN_SECONDS
        self._crowd = crowd
        self._last = b""
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self._gone = asyncio.Event()

    async def listen(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._gone.clear()
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", self._crowd.port)
                await self._gone.wait()
            except OSError:
                pass
            await asyncio.sleep(self._again_seconds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type
        self._rest = b""
        last = b"Last-Event-ID: " + self._last + b"\r\n" if self._last else b""
        head = f"GET {self._crowd.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
        self._transport.write(head.encode() + last + b"\r\n")

    @property
    def _token(self) -> str:
        return self._crowd.tokens[self.token]

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
                self._hear(block, now)
            if (at := block.find(b"id: ")) >= 0 and b"event: end" not in block:
                self._last = block[at + 4 :].partition(b"\n")[0]
        if self._rest.startswith(b"HTTP/1.1 ") and not self._rest.startswith(_START) and self._transport:
            self._transport.close()  # not yet ready again

    def _hear(self, block: bytes, now: float) -> None:
        self.heard.append(_text(block, b'"eventId":"'))
        stored = datetime.fromisoformat(_text(block, b'"occurredAt":"').decode()).timestamp()
        self.latencies.append(1000 * (now - stored))


def _text(block: bytes, before: bytes) -> bytes:
    at = block.index(before) + len(before)
    return block[at : block.index(b'"', at)]


async def _answer(listeners: list[Listener], question: Question) -> Answer:
    expected = [frozenset(each.encode() for each in ids) for ids in question.expected]
    end = time.monotonic() + _COMPLETE_SECONDS
    while time.monotonic() < end and any(len(each.heard) < len(expected[each.token]) for each in listeners):
        await asyncio.sleep(0.05)
    answer = Answer(
        latency_ms=spread(latency for each in listeners for latency in each.latencies),
        received=sum(len(each.latencies) for each in listeners),
        lost=sum(len(expected[each.token] - set(each.heard)) for each in listeners),
        repeated=sum(count - 1 for each in listeners for count in Counter(each.heard).values()),
        gaps=sum(each.gaps for each in listeners),
        reconnects=sum(each.connections - 1 for each in listeners),
    )
    for each in listeners:
        each.latencies = []
    return answer


async def _run() -> None:
    lines = asyncio.StreamReader(limit=2**28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    crowd = msgspec.json.decode(await lines.readline(), type=Crowd)
    listeners = [Listener(crowd, number % len(crowd.tokens)) for number in range(crowd.clients)]
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
