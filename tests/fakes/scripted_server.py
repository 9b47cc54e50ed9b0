"""A server that plays a script to each connection. A script reads like a dialogue: `"S: 220 hello"`, `"C: EHLO"`, TLS.

It knows no protocol, so it serves SMTP, IMAP and POP3 alike.
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
    """Send bytes as they are; a very long reply is `Raw(chunk, repeat=n)`."""

    data: bytes
    repeat: int = 1


class Pieces(NamedTuple):
    """Send a line byte by byte, with a pause after each."""

    line: str
    seconds: float = 0.0


class Tls(NamedTuple):
    """Answer a handshake with this kind of certificate."""

    certificate: str = "good"


class Pause(NamedTuple):
    seconds: float


class Hang(NamedTuple):
    """Send nothing more until the client closes the connection."""


class Gate(NamedTuple):
    """Send nothing more until the test sets the event."""

    opened: asyncio.Event


class Receive(NamedTuple):
    """Wait for the client's next bytes, which need not be a line: the first of a handshake, for instance."""


class Reset(NamedTuple):
    """Reset the connection (RST)."""


class Echo(NamedTuple):
    """Send the client's last line back, after this prefix."""

    prefix: str


Step: TypeAlias = str | Raw | Pieces | Tls | Pause | Hang | Gate | Receive | Reset | Echo
Script: TypeAlias = Sequence[Step]


class ScriptedServer:
    """Keeps the lines of all clients so far, and in `unexpected` those that differ from the script.

    A test may change `script` for the next connections, and name other scripts in `upcoming`, one for each connection.
    """

    def __init__(self, script: Script, certificates: Certificates | None) -> None:
        self.script = script
        self.upcoming: list[Script] = []
        self._certificates = certificates
        self.listener = Listener(self._play)
        self.connections = 0
        self.received: list[str] = []
        self.unexpected: list[str] = []

    @property
    def port(self) -> int:
        return self.listener.port

    async def all_closed(self) -> None:
        """Return when every client has closed its connection. Raises TimeoutError."""
        await self.listener.all_closed()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(EOFError, ValueError):  # the client closed the connection, or the server did
            for step in self.upcoming.pop(0) if self.upcoming else self.script:
                await self._step(step, reader, writer)
            writer.write_eof() if writer.can_write_eof() else writer.close()
            while line := await reader.readline():
                self.received.append(_text(line))

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
                self.received.append(_text(line))
                if not _text(line).upper().startswith(step[3:].upper()):
                    self.unexpected.append(f"{_text(line)!r} instead of {step[3:]!r}")
            case Raw(data, repeat):
                for _ in range(repeat):
                    writer.write(data)
                    await writer.drain()
            case Pieces(line, seconds):
                for byte in line.encode() + b"\r\n":
                    writer.write(bytes([byte]))
                    await asyncio.sleep(seconds)
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
            case Receive():
                if not await reader.read(4096):
                    raise EOFError
            case Reset():
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                raise EOFError
            case Echo(prefix):
                writer.write(f"{prefix}{self.received[-1]}\r\n".encode())
            case _:
                raise AssertionError(f"not a step: {step!r}")
        await writer.drain()


@asynccontextmanager
async def playing(script: Script, certificates: Certificates | None = None) -> AsyncIterator[ScriptedServer]:
    """A server on 127.0.0.1 that plays `script` to each client. At its end it asserts that no line was unexpected."""
    server = ScriptedServer(script, certificates)
    async with server.listener:
        yield server
    assert not server.unexpected, server.unexpected


@asynccontextmanager
async def hanging(address: str, port: int = 0) -> AsyncIterator[int]:
    """A port where connections hang: nothing accepts them, and the queue is full, so the kernel answers no SYN.

    On a machine without that address (no IPv6) connections fail at once, which serves the tests as well.
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
    """A port of 127.0.0.1 on which nothing listens, and will not by chance."""
    return free_port()


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
