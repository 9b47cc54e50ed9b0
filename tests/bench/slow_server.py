"""A mail server whose replies are all late by a known time, and contain their real delay in milliseconds.

python -m tests.bench.slow_server GREETING EHLO QUIT [CERTIFICATE KEY]

Delays are in seconds. It prints its port (TLS from the first byte if there is a certificate), and answers until its
standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import time
from typing import cast

import uvloop

from tests.bench.responder import ADDRESS

_BACKLOG = 4096


class _Slow(asyncio.Protocol):
    def __init__(self, greeting: float, ehlo: float, quit_: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._greeting = greeting
        self._later = {b"EHLO": (ehlo, "250-bench.test\r\n250 LATE{:.3f}\r\n"), b"QUIT": (quit_, "221 {:.3f}\r\n")}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._reply_after(self._greeting, "220 {:.3f}\r\n")

    def data_received(self, data: bytes) -> None:
        self._reply_after(*self._later[data[:4]])

    def _reply_after(self, seconds: float, text: str) -> None:
        self._loop.call_later(seconds, self._reply, time.perf_counter(), text)

    def _reply(self, received_at: float, text: str) -> None:
        if not self._transport.is_closing():
            self._transport.write(text.format(1000 * (time.perf_counter() - received_at)).encode())


async def _serve(delays: list[float], certificate: list[str]) -> None:
    loop = asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    listener = await loop.create_server(lambda: _Slow(*delays), ADDRESS, 0, backlog=_BACKLOG, ssl=context)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def _leave_the_first_core() -> None:
    """The bench and its child processes run on the first core."""
    others = set(range(1, os.cpu_count() or 1))
    if others and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, others)


if __name__ == "__main__":
    _leave_the_first_core()
    uvloop.run(_serve([float(argument) for argument in sys.argv[1:4]], sys.argv[4:]))
