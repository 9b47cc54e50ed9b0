"""Settings that are URLs and may hold a password or a token. Their errors never repeat the text."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

from shared.host_names import is_host
from shared.secret import Secret

_SERVER = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_MOST_PORT = 65_535
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SESSIONS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
_CHOICES = {"sslmode": _SSL_MODES, "target_session_attrs": _SESSIONS}
_APPRISE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#][^\s]*")


class DatabaseUrl(Secret):
    """A URL of PostgreSQL with one host, several or none, as libpq reads it. Raises ValueError."""

    def __init__(self, text: str) -> None:
        try:
            parts = urlsplit(text)
            query = parse_qs(parts.query)
        except ValueError:
            parts, query = urlsplit(""), {}
        servers = parts.netloc.rpartition("@")[2].split(",")
        if parts.scheme not in {"postgresql", "postgres"} or not all(map(_is_server, servers)):
            raise ValueError("must be a URL such as postgresql://user:password@host:5432/name")
        hosts = [host for text in query.get("host", []) for host in text.split(",")]
        if not all(map(_is_server, hosts)):
            raise ValueError("host must be a host name, an IP address or the folder of a socket")
        if not all(_is_port(port) for text in query.get("port", []) for port in text.split(",") if port):
            raise ValueError("port must be a number from 1 to 65535")
        for name, choices in _CHOICES.items():
            if not set(query.get(name, [])) <= set(choices):
                raise ValueError(f"{name} must be one of {', '.join(choices)}")
        super().__init__(text)


class HeartbeatUrl(Secret):
    """An http or https URL. Raises ValueError."""

    def __init__(self, text: str) -> None:
        try:
            parts = urlsplit(text)
            valid = parts.scheme in {"https", "http"} and is_host(parts.hostname or "") and parts.port != 0
        except ValueError:
            valid = False
        if not valid or not text.isprintable() or " " in text:
            raise ValueError("must be a URL such as https://checks.example.net/TOKEN")
        super().__init__(text)


class SmsUrl(Secret):
    """A URL of Apprise in which `{number}` stands for the receiver's number. Raises ValueError."""

    def __init__(self, text: str) -> None:
        if "{number}" not in text:
            raise ValueError("must contain {number} in place of the phone number")
        if not _APPRISE.fullmatch(text):
            raise ValueError("must be a URL such as sinch://PLAN:TOKEN@+15551234567/{number}")
        super().__init__(text)


def _is_server(text: str) -> bool:
    """Whether this is a host with a port or without, or nothing, or the folder of a socket. A colon may be part of an
    IPv6 address only in brackets.
    """
    found = _SERVER.fullmatch(text)
    if found is None:
        return False
    host, port = unquote(found["host"]), found["port"]
    return (port is None or _is_port(port)) and (host[:1] in {"", "/", "@"} or is_host(host.strip("[]")))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST_PORT
