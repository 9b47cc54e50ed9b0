"""A web server that keeps the posts it receives. It runs in its own thread, so that any kind of test can read them.

with WebhookSink() as sink: ... sink.url ... sink.received
"""

from __future__ import annotations

import hmac
import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.fakes.certificates import ADDRESS

_PATIENCE_SECONDS = 30.0
_HELD_SECONDS = 60.0


class Post(NamedTuple):
    """One request, and when it was read (monotonic clock, seconds)."""

    method: str
    path: str
    headers: dict[str, str]
    """The keys are header names in lower case."""
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def signed_with(self, secret: str) -> bool:
        """Whether the signature over the raw body is right (Uptimeify's webhooks, section 7.3)."""
        right = hmac.new(secret.encode(), self.body, "sha256").hexdigest()
        return (
            hmac.compare_digest(right, self.headers.get("x-webhook-signature", ""))
            and self.headers.get("x-webhook-signature-algorithm") == "sha256"
        )


class WebhookSink:
    """`answers` are the statuses of the next requests, then 200; each answer has `location` as header, for redirects.

    `body` is the body of every answer.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Post] = []
        self.requests = 0
        """How many requests came, including those whose client did not wait for the answer."""
        self.answers: list[int] = []
        self.location: str | None = None
        self.body = b"{}"
        self._go_on = threading.Event()
        self._go_on.set()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                sink._take(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Log nothing: the test reads `received`."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256  # many channels may be notified at once

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignore clients that have closed the connection."""

        self._server = Server((ADDRESS, 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        self.address = f"{'https' if tls else 'http'}://{ADDRESS}:{self.port}"
        self.url = f"{self.address}/hook"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="webhook-sink"
        )

    def hold(self) -> None:
        """Give no answer until `release`. The post of a client that has closed the connection by then is not kept."""
        self._go_on.clear()

    def release(self) -> None:
        self._go_on.set()

    def at(self, path: str) -> list[Post]:
        """The posts to this path."""
        return [post for post in list(self.received) if post.path == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join(_PATIENCE_SECONDS)
        self._server.server_close()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests += 1
        if not self._go_on.is_set():
            self._go_on.wait(_HELD_SECONDS)
            if _gone(request.connection):
                return
        self.received.append(Post(request.command, request.path, headers, body, time.monotonic()))
        request.send_response(self.answers.pop(0) if self.answers else 200)
        if self.location is not None:
            request.send_header("Location", self.location)
        request.send_header("Content-Length", str(len(self.body)))
        request.end_headers()
        request.wfile.write(self.body)


def _gone(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.setblocking(True)
