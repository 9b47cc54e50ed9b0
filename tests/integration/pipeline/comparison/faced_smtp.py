"""A mail server that shows each client another face, by the name that the client gives in EHLO: what a device on the
way to one location only makes of the same server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from tests.fakes.certificates import Certificates


class Face(StrEnum):
    USUAL = "usual"
    STRIPPED = "stripped"  # STARTTLS is not in the list
    MANGLED = "mangled"  # a keyword of X's is in its place
    REFUSED = "refused"  # STARTTLS is offered, and refused with 502
    INTERCEPTED = "intercepted"  # another certificate, which is not trusted


_KEYWORDS = {Face.STRIPPED: None, Face.MANGLED: "XXXXXXXA"}


class FacedServer:
    """`faces` are by EHLO name in small letters; clients of other names see the usual one."""

    def __init__(self, certificates: Certificates) -> None:
        self.faces: dict[str, Face] = {}
        self.port = 0
        self._certificates = certificates

    @asynccontextmanager
    async def serving(self, address: str) -> AsyncIterator[FacedServer]:
        server = await asyncio.start_server(self._serve, address, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.IncompleteReadError):
            await self._dialogue(reader, writer)
        writer.close()

    async def _dialogue(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        face, encrypted = Face.USUAL, False
        writer.write(b"220 mail.example.org ESMTP Postfix\r\n")
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            command, _, argument = line.partition(" ")
            match command.upper():
                case "EHLO":
                    face = self.faces.get(argument.lower(), Face.USUAL)
                    keyword = None if encrypted else _KEYWORDS.get(face, "STARTTLS")
                    writer.write(b"250-mail.example.org\r\n250-PIPELINING\r\n")
                    writer.write(f"250-{keyword}\r\n250 SIZE\r\n".encode() if keyword else b"250 SIZE\r\n")
                case "STARTTLS" if face is Face.REFUSED:
                    writer.write(b"502 5.5.1 command not implemented\r\n")
                case "STARTTLS":
                    writer.write(b"220 ready\r\n")
                    kind = "self-signed" if face is Face.INTERCEPTED else "good"
                    await writer.start_tls(self._certificates.context(kind))
                    encrypted = True
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"502 what?\r\n")
