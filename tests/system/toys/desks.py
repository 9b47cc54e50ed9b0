"""The two servers of a handoff: what is handed in at one is there at the other."""

from __future__ import annotations

import socketserver
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self

ENTRY_LOGIN = ("giver", "open-sesame-4713")
EXIT_LOGIN = ("taker", "let-me-out-8864")
GREETING = "+ desk ready"


class Desks:
    """Both servers, started. `lines` are what is handed in, `users` who logged in, a user for each time."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self.users: list[str] = []
        self._lock = threading.Lock()
        self._parts = ExitStack()
        self.entry = self._serve(ENTRY_LOGIN)
        self.exit = self._serve(EXIT_LOGIN)

    def _serve(self, login: tuple[str, str]) -> int:
        desks = self

        class Desk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(f"{GREETING}\n".encode())
                known = False
                for line in self.rfile:
                    answer = desks.answer(login, line.decode().strip(), known=known)
                    known = known or answer == "+ welcome"
                    self.wfile.write(f"{answer}\n".encode())

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Desk)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self._parts.callback(server.server_close)
        self._parts.callback(thread.join)
        self._parts.callback(server.shutdown)
        return int(server.server_address[1])

    def answer(self, login: tuple[str, str], line: str, *, known: bool) -> str:
        command, _, rest = line.partition(" ")
        with self._lock:
            if command == "LOGIN":
                if tuple(rest.split(" ", 1)) != login:
                    return f"- who is {rest}?"  # a careless server, which repeats the password
                self.users.append(login[0])
                return "+ welcome"
            if not known:
                return "- log in first"
            if command == "PUT":
                self.lines.add(rest)
                return "+ kept"
            return "+ here" if command == "GET" and rest in self.lines else "- no such line"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.close()
