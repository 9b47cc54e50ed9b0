"""A server for plain SMTP checks, as cheap as one in Python can be: it answers at once and keeps no record.

python -m tests.bench.responder        prints its port, answers until its standard input ends
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

ADDRESS = "127.0.0.1"
_REPLIES = {b"EHLO": b"250-bench.test\r\n250 8BITMIME\r\n", b"QUIT": b"221 bye\r\n"}


class _Responder(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 bench.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._transport.write(_REPLIES.get(data[:4].upper(), b"500 what?\r\n"))


async def _respond() -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(_Responder, ADDRESS, 0, backlog=4096)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_respond())
