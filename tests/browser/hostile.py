"""A mail server that says what no page may believe: markup, characters that turn text around, very long lines."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)><style>main{display:none}</style></main>"
TURNED = "\u202eyllauqe\u202c \u2067turned\u2069"
EMOJI = "📮🧨💌🔥" * 512
"""8 KB."""


class _Dialogue(socketserver.StreamRequestHandler):
    """Greets, and refuses everything else in the same words."""

    def handle(self) -> None:
        self._say(f"220-{SCRIPT}", f"220-{TURNED}", f"220-{EMOJI[:1000]}", "220 ready")
        while line := self.rfile.readline(2048):
            if line.upper().startswith(b"EHLO"):
                self._say(f"250-{TURNED}", f"250-X{SCRIPT.replace(' ', '')}", "250 SIZE 1")
            elif line.upper().startswith(b"QUIT"):
                self._say("221 bye")
                return
            else:
                self._say(f"550 {SCRIPT} {TURNED}")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Refusing(_Dialogue):
    """Turns everybody away in these words; the emoji come last."""

    def handle(self) -> None:
        words = f"{SCRIPT} {TURNED}"
        self._say(*(f"554-{words}" for _ in range(3)), *(f"554-{EMOJI[n : n + 256]}" for n in range(0, 2048, 256)))
        self._say(f"554 {words}")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def hostile_server(*, refusing: bool) -> Iterator[int]:
    """The port of a server that greets so, or that refuses so."""
    with _Server(("127.0.0.1", 0), _Refusing if refusing else _Dialogue) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
