"""A mail server in a thread that answers 450 to clients from some addresses, and normally to all others.

with Greylister(address, probe_blocked={"198.18.1.100"}) as server: ... server.port ... server.refused
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Collection
from types import TracebackType
from typing import Self

_REPLIES = {b"EHLO": b"250-greylister.test\r\n250 8BITMIME\r\n", b"HELO": b"250 greylister.test\r\n"}


class Greylister:
    """`refused` counts its 450 replies."""

    def __init__(self, address: str, blocked: Collection[str]) -> None:
        self.refused = 0
        greylister = self

        class Dialogue(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 greylister.test ESMTP\r\n")
                for line in self.rfile:
                    verb = line[:4].upper()
                    if verb == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    if self.client_address[0] in blocked:
                        greylister.refused += 1
                        self.wfile.write(b"450 4.7.1 greylisted, come again in five minutes\r\n")
                    else:
                        self.wfile.write(_REPLIES.get(verb, b"500 5.5.1 what?\r\n"))

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Ignore clients that close the connection early."""

        self._server = Server((address, 0), Dialogue)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
