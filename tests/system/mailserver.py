"""A mail server on many ports, one a monitor, as a process of its own: answers a plain SMTP dialogue and logs each
connection as a line `port milliseconds` as it is accepted. Ends with its standard input.

    python -m tests.system.mailserver PORTS LOGFILE [ADDRESS]      prints the ports as one JSON list
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TextIO, cast

import uvloop

from shared.clock import now_ms

_REPLIES = {
    b"EHLO": b"250-ledger.test\r\n250 8BITMIME\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Dialogue(asyncio.Protocol):
    def __init__(self, port: int, log: TextIO) -> None:
        self._port = port
        self._log = log
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class does not inherit from asyncio's
        self._log.write(f"{self._port} {now_ms()}\n")
        self._transport.write(b"220 ledger.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            verb = line[:4].upper()
            self._transport.write(_REPLIES.get(verb, b"500 what?\r\n"))
            if verb == b"QUIT":
                self._transport.close()


async def serve(ports: int, log_file: Path, address: str = "127.0.0.1") -> None:
    loop = asyncio.get_running_loop()
    with log_file.open("a", buffering=1) as log:
        open_ports: list[int] = []
        for _ in range(ports):
            chosen: list[int] = []
            server = await loop.create_server(
                lambda chosen=chosen: Dialogue(chosen[0], log),  # type: ignore[misc]
                address,
                0,
                backlog=512,
            )
            chosen.append(server.sockets[0].getsockname()[1])
            open_ports += chosen
        print(json.dumps(open_ports), flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
