"""A device on the way to a mail server: it passes SMTP on, and tampers with it for clients of some names.

    with Middlebox(port, certificates) as box: box.faces["us.probe.test"] = Face.STRIPPED ... box.port

All processes of a test have the same address here, so it recognizes a location by the name that its agent says in EHLO.
"""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from enum import StrEnum
from types import TracebackType
from typing import BinaryIO, Self

from tests.fakes.certificates import ADDRESS, Certificates

_PATIENCE_SECONDS = 30.0


class Face(StrEnum):
    USUAL = "usual"
    STRIPPED = "stripped"  # STARTTLS is not in the list
    MANGLED = "mangled"  # a keyword of X's is in its place
    INTERCEPTED = "intercepted"  # it ends TLS itself, with a certificate of its own, and begins another to the server


class Middlebox:
    """Listens on one port of several addresses. `faces` are by EHLO name; clients of other names are left alone."""

    def __init__(self, onward: int, certificates: Certificates, addresses: Sequence[str] = (ADDRESS,)) -> None:
        self.onward = onward
        self.faces: dict[str, Face] = {}
        self.own_context = certificates.context("self-signed")
        box = self

        class Passage(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Passage(box).run(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Ignore connections that end early."""

        self.port = 0
        self._servers: list[socketserver.ThreadingTCPServer] = []
        for address in addresses:
            self._servers.append(Server((address, self.port), Passage))
            self.port = int(self._servers[0].server_address[1])
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}) for server in self._servers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


class _Passage:
    """One connection of a client, and the one to the server."""

    def __init__(self, box: Middlebox) -> None:
        self._box = box
        self._face = Face.USUAL

    def run(self, client: socket.socket) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(socket.create_connection((ADDRESS, self._box.onward), _PATIENCE_SECONDS))
            client.settimeout(_PATIENCE_SECONDS)
            if not self._dialogue(client, server, in_clear=True):
                return
            if self._face is not Face.INTERCEPTED:
                _pipe(client, server)
                return
            to_server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            to_server.check_hostname, to_server.verify_mode = False, ssl.CERT_NONE
            ours = stack.enter_context(self._box.own_context.wrap_socket(client, server_side=True))
            theirs = stack.enter_context(to_server.wrap_socket(server))
            self._dialogue(ours, theirs, in_clear=False)

    def _dialogue(self, client: socket.socket, server: socket.socket, *, in_clear: bool) -> bool:
        """Pass on command by command and reply by reply. Returns whether both sides begin TLS now."""
        with client.makefile("rb") as commands, server.makefile("rb") as replies:
            if in_clear:
                client.sendall(b"".join(_reply(replies)))
            for command in commands:
                server.sendall(command)
                reply = _reply(replies)
                verb, _, name = command.decode("ascii", "replace").strip().partition(" ")
                if verb.upper() == "EHLO" and in_clear:
                    self._face = self._box.faces.get(name, Face.USUAL)
                    reply = _altered(reply, self._face)
                client.sendall(b"".join(reply))
                if verb.upper() == "STARTTLS" and reply[0].startswith(b"220"):
                    return True
        return False


def _reply(lines: BinaryIO) -> list[bytes]:
    """All lines of a reply (RFC 5321 section 4.2.1). Raises EOFError."""
    reply: list[bytes] = []
    while not reply or reply[-1][3:4] == b"-":
        line = lines.readline()
        if not line:
            raise EOFError
        reply.append(line)
    return reply


def _altered(reply: list[bytes], face: Face) -> list[bytes]:
    keyword = {Face.STRIPPED: b"", Face.MANGLED: b"XXXXXXXA"}.get(face, b"STARTTLS")
    texts = [line[4:].strip().replace(b"STARTTLS", keyword) for line in reply]
    *first, last = [text for text in texts if text]
    code = reply[0][:3]
    return [*(code + b"-" + text + b"\r\n" for text in first), code + b" " + last + b"\r\n"]


def _pipe(client: socket.socket, server: socket.socket) -> None:
    """Pass on what is encrypted from end to end, until one side closes the connection."""
    other = {client: server, server: client}
    while readable := select.select([client, server], [], [], _PATIENCE_SECONDS)[0]:
        for end in readable:
            data = end.recv(65536)
            if not data:
                return
            other[end].sendall(data)
