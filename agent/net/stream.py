"""Lines over TCP, in clear text or under TLS: the stream below every mail dialogue. It knows no mail protocol.

TLS runs inside the asyncio protocol (memory BIOs). So it can begin at any time, data that the server sent before it is
noticed, and closing never waits for the peer.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
import sys
from collections import deque
from contextlib import suppress
from typing import Protocol, Self, cast

from agent.errors import CheckError
from agent.net.route import has_route
from shared.wire.failures import FailureKind, FailureSource

LONGEST_LINE = 8 * 1024
MOST_LINES = 512
MOST_BYTES = 256 * 1024
_CHUNK = 16 * 1024  # the longest TLS record
_plain = memoryview(bytearray(_CHUNK))  # holds the record just decrypted; reused to save an allocation per record

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_INFO: int | None = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
_INFO_BYTES, _RTT_AT = 104, 68  # struct tcp_info, tcpi_rtt (microseconds), in linux/tcp.h
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class DialogueRecorder(Protocol):
    """Keeps what passes through a stream, for the transcript of a check."""

    def client(self, data: bytes) -> None:
        """Keep what we sent, without secrets."""

    def server(self, line: bytes) -> None:
        """Keep a line that the server sent."""

    def note(self, text: str) -> None:
        """Keep a remark of our own."""


class LineStream(asyncio.Protocol):
    """One connection, read by one task. Made by `LineStream.connect`; `close()` is safe at any time.

    A fault of the peer or the network raises OSError, EOFError (the peer closed), ssl.SSLError or CheckError.
    """

    def __init__(self, address: str, transcript: DialogueRecorder) -> None:
        self.address = address
        self._transcript = transcript
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._ready: deque[bytes] = deque()  # lines without their LF
        self._rest = b""  # the beginning of the next line
        self._lines = 0
        self._bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._end: BaseException | None = None
        self._tls: ssl.SSLObject | None = None
        self._incoming: ssl.MemoryBIO  # these two exist only under TLS
        self._outgoing: ssl.MemoryBIO
        self._handshaking = False

    @classmethod
    async def connect(cls, address: str, port: int, transcript: DialogueRecorder) -> Self:
        """Connect to an IP address. Raises OSError, or CheckError (source agent) if this machine has no route."""
        loop = asyncio.get_running_loop()
        try:
            _, stream = await loop.create_connection(lambda: cls(address, transcript), address, port)
        except OSError as error:
            if error.errno in _NO_ROUTE and not has_route(address, port):
                detail = f"no route from this machine to {address}"
                raise CheckError(FailureKind.AGENT_ERROR, detail, source=FailureSource.AGENT) from error
            raise
        return stream

    @property
    def encrypted(self) -> bool:
        return self._tls is not None and not self._handshaking

    def kernel_rtt_ms(self) -> float | None:
        """The round trip that the kernel measured, in milliseconds (Linux); a busy event loop does not affect it."""
        if _INFO is None or self._socket is None:
            return None
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, _INFO, _INFO_BYTES)
        except OSError:
            return None
        return int(struct.unpack_from("I", info, _RTT_AT)[0]) / 1000 if len(info) >= _INFO_BYTES else None

    async def read_line(self) -> bytes:
        """The next line without its end (CRLF, or LF alone). Raises CheckError (`reply_too_long`) beyond the limits."""
        while (line := self.ready_line()) is None:
            await self._wait_for_more()
        return line

    def ready_line(self) -> bytes | None:
        """The next line if it is here already, else None. Most lines come several at once, and awaiting each one costs
        more than reading it.
        """
        if not self._ready:
            return None
        line = self._ready.popleft()
        self._lines += 1
        if len(line) > LONGEST_LINE:
            raise CheckError(FailureKind.REPLY_TOO_LONG, f"a line of more than {LONGEST_LINE} bytes")
        if self._lines > MOST_LINES:
            raise CheckError(FailureKind.REPLY_TOO_LONG, f"more than {MOST_LINES} lines")
        line = line.removesuffix(b"\r")
        self._transcript.server(line)
        return line

    async def skip(self, count: int) -> None:
        """Skip the next `count` bytes, whatever they are. Raises CheckError (`reply_too_long`) beyond the limit."""
        if count > MOST_BYTES:
            raise CheckError(FailureKind.REPLY_TOO_LONG, f"more than {MOST_BYTES} bytes")
        self._transcript.note(f"{count} bytes skipped")
        while count:
            if self._ready:
                line = self._ready.popleft()
                if count <= len(line):
                    self._ready.appendleft(line[count:])
                count -= min(count, len(line) + 1)
            elif self._rest:
                skipped = min(count, len(self._rest))
                self._rest = self._rest[skipped:]
                count -= skipped
            else:
                await self._wait_for_more()

    def write(self, data: bytes, *, shown: bytes | None = None) -> None:
        """Send without waiting. If the connection is gone, the next `read_line` raises.

        The transcript shows `shown` instead of data with a secret.
        """
        self._transcript.client(data if shown is None else shown)
        self._write(data)

    def write_at_once(self, *lines: bytes) -> None:
        """Send several lines, without secrets, in one packet."""
        for line in lines:
            self._transcript.client(line)
        self._write(b"".join(lines))

    def _write(self, data: bytes) -> None:
        if self._tls is None:
            self._send(data)
            return
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            self._finish(error)
        self._flush()

    def expect_silence(self) -> None:
        """Raise CheckError (`starttls_injection`) if the server sent more in clear text than its reply.

        An attacker could have sent it to be read after the handshake (RFC 3207 section 6, CVE-2011-0411).
        """
        if unread := len(self._unread()):
            raise CheckError(FailureKind.STARTTLS_INJECTION, f"{unread} bytes in clear text after STARTTLS")

    async def start_tls(self, context: ssl.SSLContext, server_name: str) -> ssl.SSLObject:
        """Change to TLS, at the first byte or later. The returned object has version, cipher and certificates.

        Raises ssl.SSLError if the handshake fails, and what `expect_silence` raises. Clear text on a TLS port goes to
        the handshake, which refuses it, so clear text is never read as if it had been encrypted.
        """
        if self._lines:
            self.expect_silence()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._incoming.write(self._unread())
        self._ready.clear()
        self._rest = b""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._handshaking = True
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                await self._wait_for_more()
            except ssl.SSLError:
                self._flush()  # sends the alert that informs the server
                raise
            else:
                break
        self._handshaking = False
        self._flush()
        if self._incoming.pending:
            self._decrypt()
        return self._tls

    def close(self) -> None:
        """Send what is written and close. Never waits for the peer, not even under TLS. May be called again."""
        if self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class does not inherit from it
        self._socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
        if self._tls is None:
            self._split(data)
        else:
            self._incoming.write(data)
            if not self._handshaking:
                self._decrypt()
        if not self._ready and not self._handshaking:
            self._acknowledge()
        self._wake()

    def eof_received(self) -> bool:
        self._finish(EOFError("the server closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(exc or EOFError("the server closed the connection"))

    def _wait_for_more(self) -> asyncio.Future[None]:
        """A future that is done when more data or the end has come. Raises the reason if no more can come."""
        if self._end is not None:
            raise self._end
        if len(self._rest) > LONGEST_LINE:
            raise CheckError(FailureKind.REPLY_TOO_LONG, f"a line of more than {LONGEST_LINE} bytes")
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def _finish(self, end: BaseException) -> None:
        if self._end is None:
            self._end = end
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _split(self, data: bytes) -> None:
        """Split data into lines, up to the limit on bytes; data beyond the limit ends the connection."""
        space = MOST_BYTES - self._bytes
        self._bytes += len(data)
        if len(data) > space:
            data = data[: max(0, space)]
            if self._transport is not None:
                self._transport.pause_reading()  # keep no more of it in memory
            self._finish(CheckError(FailureKind.REPLY_TOO_LONG, f"more than {MOST_BYTES} bytes"))
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        self._ready.extend(lines)

    def _unread(self) -> bytes:
        return b"\n".join([*self._ready, self._rest])

    def _decrypt(self) -> None:
        assert self._tls is not None  # noqa: S101 - called only under TLS
        try:
            while self._incoming.pending:  # a read too many would cost an exception per reply
                length = cast("int", self._tls.read(_CHUNK, _plain))
                if not length:
                    self._finish(EOFError("the server closed the connection"))
                    return
                self._split(bytes(_plain[:length]))
            self._flush()  # answers a key update (RFC 8446 section 4.6.3)
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLZeroReturnError:
            self._finish(EOFError("the server closed the connection"))
        except ssl.SSLError as error:
            self._finish(error)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._send(self._outgoing.read())

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _acknowledge(self) -> None:
        """Make the kernel acknowledge at once when bytes came but no line (TLS session tickets, a reply in pieces).

        We send no data that would carry that ACK, and a server with Nagle's algorithm waits 40 ms for it.
        """
        if _QUICKACK is not None and self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
