"""Thunderbird's autoconfig: where a domain publishes it, and the servers that it names.

https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote
from xml.parsers import expat

from controller.decisions.discovery.services import MailService
from controller.errors import InvalidError
from controller.model.discoveries import ServerCandidate
from controller.model.values.hostname import host_of
from shared.wire.targets import TlsMode

MOST_SERVERS = 20
_ISPDB = "https://autoconfig.thunderbird.net/v1.1/"
_SOCKETS = {"SSL": TlsMode.IMPLICIT, "STARTTLS": TlsMode.REQUIRED, "PLAIN": TlsMode.NONE}
_SERVERS = ("incomingServer", "outgoingServer")
_LONGEST_VALUE = 300
_DEEPEST = 20


class AutoconfigServer(NamedTuple):
    """As written in the file, with its placeholders filled in."""

    type: str
    host: str
    port: int
    socket: str
    user: str


def own_urls(domain: str, mail: str | None) -> list[str]:
    """Where a domain itself may publish an autoconfig. Only these learn the e-mail address."""
    query = f"?emailaddress={quote(mail, safe='@')}" if mail else ""
    return [
        f"https://autoconfig.{domain}/mail/config-v1.1.xml{query}",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    ]


def list_url(domain: str) -> str:
    """Where Mozilla's list has the autoconfig of a domain. It learns the domain, never the address."""
    return f"{_ISPDB}{domain}"


class _AutoconfigReader:
    """Collects the servers of a document without entities of its own, which could grow without bounds."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text = ""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        self.parser = parser

    def _refuse(self, *_: object) -> None:
        raise ValueError("it declares a document type or entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if len(self._path) > _DEEPEST or len(self.found) > MOST_SERVERS:
            raise ValueError("it is nested too deep, or names too many servers")
        if name in _SERVERS:
            self.found.append({"type": attributes.get("type", "")})

    def _end(self, name: str) -> None:
        self._path.pop()
        if self.found and self._path and self._path[-1] in _SERVERS:
            self.found[-1].setdefault(name, self._text.strip())
        self._text = ""

    def _data(self, text: str) -> None:
        if len(self._text) <= _LONGEST_VALUE:
            self._text += text


def servers_of(document: bytes, domain: str, mail: str | None) -> list[AutoconfigServer]:
    """The servers that an autoconfig names, in its order. Raises ValueError when it is none."""
    reader = _AutoconfigReader()
    try:
        reader.parser.Parse(document, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: it declares an encoding that nobody knows
        raise ValueError("it is not XML") from error
    local = mail.rpartition("@")[0] if mail else ""
    values = {"%EMAILADDRESS%": mail or "", "%EMAILLOCALPART%": local, "%EMAILDOMAIN%": domain}
    servers = []
    for fields in reader.found:
        port = fields.get("port", "")
        if not (port.isascii() and port.isdigit() and len(port) <= 5):
            continue
        host, user = (_filled(fields.get(name, ""), values) for name in ("hostname", "username"))
        servers.append(AutoconfigServer(fields["type"].lower(), host, int(port), fields.get("socketType", ""), user))
    return servers


def from_autoconfig(
    services: Sequence[MailService], servers: Iterable[AutoconfigServer], reason: str, user: str | None
) -> list[ServerCandidate]:
    """The servers of kinds that are known here."""
    kinds = {one.kind for one in services}
    found = []
    for one in servers:
        tls = _SOCKETS.get(one.socket.upper())
        if one.type not in kinds or tls is None or not 1 <= one.port <= 65_535:
            continue
        try:
            host = host_of(one.host)
        except InvalidError:
            continue
        login = one.user if user and one.user.isprintable() and len(one.user) <= _LONGEST_VALUE else ""
        found.append(
            ServerCandidate(kind=one.type, host=host, port=one.port, tls=tls, user=login or user, reasons=[reason])
        )
    return found


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text if "%" not in text or "@" in text else ""
