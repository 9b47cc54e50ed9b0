"""A server that plays one script per connection. A script reads like a dialogue: `"S: 220 hello"`, `"C: EHLO"`, TLS.

It knows no protocol, so one serves SMTP, IMAP and POP3 alike.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import NamedTuple, TypeAlias

from tests.fakes.certificates import Certificates
from tests.fakes.listening import Listener
from tests.fakes.ports import free_port


class Raw(NamedTuple):
    """Send bytes as they are; an infinite reply is `Raw(chunk, repeat=n)`."""

    data: bytes
    repeat: int = 1


class Pieces(NamedTuple):
    """Send a line byte by byte."""

    line: str


class Tls(NamedTuple):
    """Answer a handshake with this kind of certificate."""

    certificate: str = "good"


class Pause(NamedTuple):
    seconds: float


class Hang(NamedTuple):
    """Say nothing more until the client goes."""


class Gate(NamedTuple):
    """Say nothing more until the test opens it."""

    opened: asyncio.Event


class Hear(NamedTuple):
    """Wait for the client's next bytes, a line or not, as the first of a handshake."""


class Reset(NamedTuple):
    """Break the connection off (RST)."""


class Tell(NamedTuple):
    """Say back what the client said last, with this before it."""

    prefix: str


Step: TypeAlias = str | Raw | Pieces | Tls | Pause | Hang | Gate | Hear | Reset | Tell
Script: TypeAlias = Sequence[Step]


class ScriptedServer:
    """What came of the connections so far: the clients' lines, and those of them the script did not foresee.

    `script` may be changed for the next connection.
    """

    def __init__(self, script: Script, certificates: Certificates | None) -> None:
        self.script = script
        self._certificates = certificates
        self.listener = Listener(self._play)
        self.connections = 0
        self.heard: list[str] = []
        self.unexpected: list[str] = []

    @property
    def port(self) -> int:
        return self.listener.port

    async def all_closed(self) -> None:
        """Return when every client has closed its connection. Raises TimeoutError."""
        await self.listener.all_closed()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(EOFError, ValueError):  # the client went, or was thrown out
            for step in self.script:
                await self._step(step, reader, writer)
            writer.write_eof() if writer.can_write_eof() else writer.close()
            while line := await reader.readline():
                self.heard.append(_text(line))

    async def _step(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match step:
            case str() if step.startswith("S: "):
                writer.write(step[3:].encode() + b"\r\n")
            case str() if step.startswith("C: "):
                try:
                    line = await reader.readuntil(b"\r\n")
                except (OSError, EOFError):
                    self.unexpected.append(f"the end instead of {step[3:]!r}")
                    raise
                self.heard.append(_text(line))
                if not _text(line).upper().startswith(step[3:].upper()):
                    self.unexpected.append(f"{_text(line)!r} instead of {step[3:]!r}")
            case Raw(data, repeat):
                for _ in range(repeat):
                    writer.write(data)
                    await writer.drain()
            case Pieces(line):
                for byte in line.encode() + b"\r\n":
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0)
            case Tls(certificate):
                assert self._certificates is not None
                await writer.drain()
                await writer.start_tls(self._certificates.context(certificate))
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hang():
                while await reader.read(4096):
                    pass
            case Gate(opened):
                await opened.wait()
            case Hear():
                if not await reader.read(4096):
                    raise EOFError
            case Reset():
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                raise EOFError
            case Tell(prefix):
                writer.write(f"{prefix}{self.heard[-1]}\r\n".encode())
            case _:
                raise AssertionError(f"not a step: {step!r}")
        await writer.drain()


@asynccontextmanager
async def playing(script: Script, certificates: Certificates | None = None) -> AsyncIterator[ScriptedServer]:
    """A server on 127.0.0.1 that plays `script` to each client; afterwards nothing unforeseen may have been said."""
    server = ScriptedServer(script, certificates)
    async with server.listener:
        yield server
    assert not server.unexpected, server.unexpected


@asynccontextmanager
async def hanging(address: str, port: int = 0) -> AsyncIterator[int]:
    """A port where connections hang: nobody accepts them, and the queue is full, so the kernel answers no SYN.

    On a machine without that address (no IPv6) connections fail at once, which is as dead.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as sockets:
        with suppress(OSError):
            listener = sockets.enter_context(socket.socket(family))
            listener.bind((address, port))
            listener.listen(0)
            port = listener.getsockname()[1]
            waiting = [sockets.enter_context(socket.socket(family)) for _ in range(8)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex((address, port))
            async with asyncio.timeout(5):
                while not any(_connected(each) for each in waiting):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
        yield port


def _connected(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return False
    return True


def closed_port() -> int:
    """A port of 127.0.0.1 nobody listens on, nor begins to by chance."""
    return free_port()


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
