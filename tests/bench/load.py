"""An HTTP/1.1 client that makes load, in a process of its own.

It keeps connections alive over raw asyncio, because a complete client costs more than the server it measures.

    python -m tests.bench.load < load.json        reads a Load, prints an Answers
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter

import msgspec
import uvloop

from tests.bench.figures import spread
from tests.system.product import REPOSITORY

_ANSWER_SECONDS = 10.0


class Request(msgspec.Struct, frozen=True):
    """`name` is the name of its figures in the report."""

    name: str
    method: str
    path: str
    body: str = ""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to send in turn.

    Without `per_second` each connection sends the next request after an answer (closed loop). With it every request has
    a planned time, and its latency counts from then, however long it waits for a connection (open loop).
    """

    port: int
    token: str | None
    requests: list[Request]
    seconds: float
    connections: int
    per_second: float | None = None


class Answers(msgspec.Struct, kw_only=True):
    """Latencies in milliseconds, by name of the request."""

    per_second: float
    statuses: dict[str, int]
    latency_ms: dict[str, dict[str, float]]


async def run(load: Load) -> Answers:
    """Make the load in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", cwd=REPOSITORY, stdin=PIPE, stdout=PIPE
    )
    async with asyncio.timeout(load.seconds + 2 * _ANSWER_SECONDS):
        output, _ = await process.communicate(msgspec.json.encode(load))
    assert process.returncode == 0
    return msgspec.json.decode(output, type=Answers)


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> int:
        """Send a request; return the status when the whole answer has come."""
        self._writer.write(request)
        async with asyncio.timeout(_ANSWER_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await self._reader.readexactly(int(length))
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


class _Client:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = [(request.name, _bytes(request, load.token)) for request in load.requests]
        self._latencies: dict[str, list[float]] = {request.name: [] for request in load.requests}
        self._statuses: Counter[str] = Counter()

    async def measure(self) -> Answers:
        connections = [
            _Connection(*await asyncio.open_connection("127.0.0.1", self._load.port, limit=2**20))
            for _ in range(self._load.connections)
        ]
        began = time.perf_counter()
        if self._load.per_second is None:
            async with asyncio.TaskGroup() as group:
                for first, connection in enumerate(connections):
                    group.create_task(self._again_and_again(connection, first, began + self._load.seconds))
        else:
            await self._at_their_moments(connections, self._load.per_second)
        seconds = time.perf_counter() - began
        for connection in connections:
            connection.close()
        return Answers(
            per_second=round(self._statuses.total() / seconds, 1),
            statuses=dict(self._statuses),
            latency_ms={name: spread(found) for name, found in self._latencies.items()},
        )

    async def _again_and_again(self, connection: _Connection, turn: int, end: float) -> None:
        while (now := time.perf_counter()) < end:
            await self._ask(connection, turn, now)
            turn += 1

    async def _at_their_moments(self, connections: list[_Connection], per_second: float) -> None:
        free: asyncio.Queue[_Connection] = asyncio.Queue()
        for connection in connections:
            free.put_nowait(connection)

        async def at(turn: int, moment: float) -> None:
            connection = await free.get()
            await self._ask(connection, turn, moment)
            free.put_nowait(connection)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for turn in range(round(self._load.seconds * per_second)):
                moment = began + turn / per_second
                await asyncio.sleep(moment - time.perf_counter())
                group.create_task(at(turn, moment))

    async def _ask(self, connection: _Connection, turn: int, since: float) -> None:
        name, request = self._requests[turn % len(self._requests)]
        status = await connection.ask(request)
        self._latencies[name].append(1000 * (time.perf_counter() - since))
        self._statuses[str(status)] += 1


def _bytes(request: Request, token: str | None) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if request.body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(request.body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + request.body).encode()


def main() -> None:
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    answers = uvloop.run(_Client(load).measure())
    sys.stdout.buffer.write(msgspec.json.encode(answers))


if __name__ == "__main__":
    main()
