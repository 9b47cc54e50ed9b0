"""A connection of a client. What is no request of HTTP/1.1 gets an answer that says so, and a head that does not end
has a deadline and a limit.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
import msgspec
import structlog

from controller.http.problems import Problem
from controller.http.uvicorn_connection import Ending, UvicornConnection

log = structlog.get_logger()

ABORT = "mailprobe.abort"
"""The extension by which an answer aborts its connection."""

IDLE_SECONDS = 75
"""Longer than clients and proxies keep a connection (nginx: 60 s), so that none sends a request while it is closed."""

_HEAD_SECONDS = 30.0
_HEAD_BYTES = 64 * 1024
_LINGER_SECONDS = 1.0
_SHOWN = 16

_ANOTHER_VERSION = re.compile(rb"[A-Z]+ \S+ HTTP/(?!1\.)")


class Refusal(NamedTuple):
    """What a client is told that sent something else than a request of HTTP/1.1."""

    status: HTTPStatus
    message: str


def refusal_of(first: bytes) -> Refusal:
    """By the first bytes of what it sent."""
    if first.startswith(b"\x16\x03"):
        return Refusal(
            HTTPStatus.BAD_REQUEST,
            "This port speaks HTTP without TLS: use http:// here, or https:// at a proxy before it",
        )
    if first.startswith((b"PROXY ", b"\r\n\r\n\x00\r\nQUIT\n")):
        return Refusal(
            HTTPStatus.BAD_REQUEST, "This port does not take the PROXY protocol: let the proxy send X-Forwarded-For"
        )
    if _ANOTHER_VERSION.match(first):
        return Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This port speaks HTTP/1.1 only")
    return Refusal(HTTPStatus.BAD_REQUEST, "This is not a request of HTTP/1.1")


class Connection(UvicornConnection):
    """Also lets an answer abort its connection, because closing one waits for a client that may not read."""

    head_seconds = _HEAD_SECONDS

    _first = b""
    _head_bytes = 0
    _in_head = True
    _begun = False
    _head_timer: asyncio.TimerHandle | None = None
    _ended = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self.stop_idle_timer()
        if self._in_head:
            self._await_head()
            self._first = self._first or data[:_SHOWN]
        while data and not self._ended:
            # A head that is too large must not end in the same read as it began.
            part = data[: _HEAD_BYTES + 1 - self._head_bytes] if self._in_head else data
            read = len(part)
            if self._in_head:
                self._head_bytes += read
            try:
                self.parse(part)
            except httptools.HttpParserUpgrade as upgrade:
                # None is offered, so that all that comes are requests as before (RFC 9110, section 7.8).
                read = upgrade.args[0]
            except httptools.HttpParserError:
                self._refuse(refusal_of(self._first))
                return
            if self._in_head and self._head_bytes > _HEAD_BYTES:
                self._refuse(
                    Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large")
                )
            data = data[read:]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = self._in_head = True
        self._await_head()
        self.extend_request({ABORT: {"abort": self.transport.abort}})

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a field after the body is none of the head (RFC 9110, section 6.5.1)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._begun = self._in_head = False
        self._first, self._head_bytes = b"", 0
        self._cancel_head_timer()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True  # of the next request

    def on_response_complete(self) -> None:
        was_last = not self.requests_wait
        super().on_response_complete()
        if self._ended and was_last:
            self.transport.close()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        if self._begun or self._first:
            self._refuse(Refusal(HTTPStatus.REQUEST_TIMEOUT, "The request did not end in time"))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, unless an answer to an earlier request is under way, and end the connection."""
        self._ended = True
        self._cancel_head_timer()
        log.debug("request_not_http", status=int(refusal.status), problem=refusal.message)
        match self.give_up_request():
            case Ending.AFTER_ANSWERS:
                return
            case Ending.CUT_OFF:
                self.transport.close()
                return
            case Ending.NOW:
                pass
        body = msgspec.json.encode(
            Problem(status_code=int(refusal.status), status_message=refusal.status.phrase, message=refusal.message)
        )
        headers = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(_status_line(refusal.status) + headers + body)
        # A connection that is closed while bytes of the client wait is reset, and the client may never read the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def _status_line(status: HTTPStatus) -> bytes:
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii")
