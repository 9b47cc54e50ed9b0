"""The lines between an agent's parent process and its children, over a real socket."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from time import monotonic
from uuid import UUID

import msgspec
import structlog

from agent.throttling.limiter import Limiter, PermitQuery
from agent.throttling.limiter_client import LimiterClient
from agent.throttling.limiter_server import LimiterServer
from agent.throttling.permits import Permits
from agent.throttling.protocol import (
    LINE_BYTES,
    Answered,
    Ended,
    Found,
    Granted,
    NotGranted,
    PermitRequested,
    Read,
    Taken,
    TakeRequested,
)
from agent.throttling.refused_logins import Outcome, RefusedLogins
from agent.throttling.taken import TakenRequest
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import Unfitness
from tests.fuzz.golden import NESTED

_FAILURE = Failure(kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH, detail="535 no")
_CHECK = UUID("344df537-e86c-5f96-b84e-563c483c569a")
_SECONDS = 5.0
_loop = asyncio.new_event_loop()


def _lines(*messages: msgspec.Struct) -> bytes:
    return b"".join(msgspec.json.encode(message) + b"\n" for message in messages)


SEEDS = (
    b"\0"
    + _lines(
        PermitRequested(1, PermitQuery(address="192.0.2.1", login=b"x" * 16, seconds=1.0)),
        Ended(1, Outcome.REFUSED, _FAILURE),
        PermitRequested(2, PermitQuery(seconds=9.0)),
        TakeRequested(3, [TakenRequest(_CHECK, 7, 60.0), TakenRequest(_CHECK, 8, 60.0)]),
        Answered(_CHECK),
    ),
    b"\1" + _lines(Granted(1, _FAILURE), NotGranted(2, "too many"), Found([Unfitness.NO_IPV6]), Taken(3, [8]), Read()),
    b"\0" + NESTED + b"\n",
    b"\1" + NESTED + b"\n",
)


def check(data: bytes) -> None:
    """Whatever comes, the reader ends with the connection, and logs at most one line of its own."""
    serve = _parent if not data or not data[0] & 1 else _child
    with structlog.testing.capture_logs() as logged:
        _loop.run_until_complete(asyncio.wait_for(serve(data[1:]), _SECONDS))
    errors = [line["event"] for line in logged if line["log_level"] != "debug"]
    assert errors in ([], ["child_message_unreadable"], ["parent_message_unreadable"]), logged


async def _parent(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    limiter = LimiterServer(Limiter(Permits(at_once=2, per_second=100.0, most_waiting=10), RefusedLogins(), monotonic))
    serving = asyncio.create_task(limiter.serve(ours))
    await _send(theirs, data)
    await serving


async def _child(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours, limit=LINE_BYTES)
    client = LimiterClient(writer)
    listening = asyncio.create_task(client.listen(reader))
    await _send(theirs, data)
    await listening
    assert client.gone.is_set()
    writer.close()


async def _send(end: socket.socket, data: bytes) -> None:
    """Send everything and close; what comes back is not read."""
    end.setblocking(False)
    with suppress(OSError):
        await _loop.sock_sendall(end, data)
    end.close()
