"""A mail server as AlertSite's clients write it: `host`, `host:port`, `smtps://host:port`. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from controller.errors import InvalidError
from controller.model.values.hostname import host_of

_ADDRESS = re.compile(r"(?:(?P<scheme>[a-z0-9]+)://)?(?P<host>\[[^\]]*\]|[^:/@\[\]]+)(?::(?P<port>[0-9]{1,5}))?/?")
_PORTS = range(1, 65_535 + 1)


class ServerAddress(NamedTuple):
    """`host` is as the client wrote it; `tls` is TLS from the first byte."""

    host: str
    port: int | None
    tls: bool


def server_of(text: str, kind: str) -> ServerAddress:
    """Raises InvalidError."""
    plain, encrypted = kind, _encrypted(kind)
    written = _ADDRESS.fullmatch(text)
    if written is None:
        if text.count(":") > 1 and "/" not in text and _is_host(text):
            return ServerAddress(text, None, tls=False)  # an IPv6 address without brackets
        raise InvalidError("hostname", f"must be a host, as in smtp.example.com or {encrypted}://smtp.example.com:465")
    scheme, host = written["scheme"] or plain, written["host"].strip("[]")
    if scheme not in (plain, encrypted):
        raise InvalidError("hostname", f"must not begin with anything but {plain}:// or {encrypted}:// here")
    if not _is_host(host):
        raise InvalidError("hostname", "must hold a valid host name or IP address")
    port = int(written["port"]) if written["port"] else None
    if port is not None and port not in _PORTS:
        raise InvalidError("hostname", "must not hold a port beyond 65535, or 0")
    return ServerAddress(host, port, tls=scheme == encrypted)


def written_of(host: str, kind: str, *, tls: bool) -> str:
    """How a client writes this server, without its port."""
    return f"{_encrypted(kind)}://{f'[{host}]' if ':' in host else host}" if tls else host


def _encrypted(kind: str) -> str:
    """The scheme for TLS from the first byte; the kind itself is the one without."""
    return f"{kind}s"


def _is_host(text: str) -> bool:
    try:
        host_of(text)
    except InvalidError:
        return False
    return True
