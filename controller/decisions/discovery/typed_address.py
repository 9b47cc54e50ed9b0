"""What somebody typed to have a server found: an e-mail address, a host, a host with a port, or a URL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from controller.decisions.discovery.services import MailService, named
from controller.errors import InvalidError
from controller.model.values.hostname import host_of

FIELD = "address"
LONGEST = 320
_RULE = "must be an e-mail address, the name or address of a server, or a URL"
_HOST_RULE = "does not name a valid host: {host} is neither a name in DNS nor an IP address"
_PORT_RULE = "must have a port from 1 to 65535 after the colon"
_PASSWORD_RULE = "must hold no password; type that into the form of the monitor"  # noqa: S105 - words
_WEB = ("http", "https")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_LOCAL = re.compile(r"[^\s@<>()\[\],;:\\\"/?#]{1,64}")


class TypedAddress(NamedTuple):
    """`host` is in A-labels, or an IP address. `service` is that of a URL. `user` is what to log in as, `mail` the
    whole e-mail address: then `host` is its domain.
    """

    host: str
    port: int | None = None
    service: MailService | None = None
    user: str | None = None
    mail: str | None = None

    @property
    def domain(self) -> str | None:
        """The domain whose records may name servers; None for an IP address, a single label, or a given port."""
        fixed = self.port is not None or self.service is not None or is_ip(self.host) or "." not in self.host
        return None if fixed else self.host


def read_address(text: str, services: Sequence[MailService]) -> TypedAddress:
    """Raises InvalidError, whose text repeats no password."""
    text = text.strip()
    if not text or len(text) > LONGEST or not text.isprintable() or " " in text:
        raise InvalidError(FIELD, _RULE)
    if text.lower().startswith("mailto:"):
        return _of_mail(text[len("mailto:") :].partition("?")[0])
    if "://" in text:
        return _of_url(text, services)
    if "@" in text:
        return _of_mail(text)
    if text.startswith("<") and text.endswith(">"):
        return read_address(text[1:-1], services)
    host, port = _host_and_port(text)
    return TypedAddress(_host(host), port)


def holds_password(text: str) -> bool:
    """Whether something stands before the @ as a password does, so that the text must not be shown again."""
    login = text.partition("://")[2] or text.strip().removeprefix("mailto:")
    return ":" in login.rpartition("@")[0]


def is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _of_mail(text: str) -> TypedAddress:
    """`alice@example.org`; with a port the host is a server and not a domain."""
    local, _, rest = text.strip("<>").rpartition("@")
    if ":" in local:
        raise InvalidError(FIELD, _PASSWORD_RULE)
    if not _LOCAL.fullmatch(local):
        raise InvalidError(FIELD, _RULE)
    host, port = _host_and_port(rest)
    domain = _host(host)
    mail = f"{local}@{domain}"
    return TypedAddress(domain, port, user=mail, mail=mail)


def _of_url(text: str, services: Sequence[MailService]) -> TypedAddress:
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    service = named(services, scheme)
    if service is None and scheme not in _WEB:
        known = ", ".join(f"{one.name}://" for one in services)
        shown = f", not with {scheme}://" if _SCHEME.fullmatch(scheme) else ""
        raise InvalidError(FIELD, f"must begin with one of {known} when it is a URL{shown}")
    # A user is often written with its own @, which a URL would have as %40.
    login, at, place = rest.partition("/")[0].rpartition("@")
    if ":" in login:
        raise InvalidError(FIELD, _PASSWORD_RULE)
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidError(FIELD, _PORT_RULE if _ends_in_port(place) else _RULE) from None
    if port == 0:
        raise InvalidError(FIELD, _PORT_RULE)
    user = unquote(login) if at and login else None
    if user is not None and (not user.isprintable() or "\ufffd" in user):
        raise InvalidError(FIELD, _RULE)
    if service is None:
        return TypedAddress(_host(host))  # the site of a server, whose port is the web's
    return TypedAddress(_host(host), port or service.port, service, user)


def _host_and_port(text: str) -> tuple[str, int | None]:
    """Of `host`, `host:port`, `[address]:port` and a bare IPv6 address. Raises InvalidError."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise InvalidError(FIELD, _RULE)
        return host, _port(rest[1:]) if rest else None
    if text.count(":") != 1:
        return text, None
    host, _, port = text.partition(":")
    return host, _port(port)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65_535):
        raise InvalidError(FIELD, _PORT_RULE)
    return int(text)


def _ends_in_port(place: str) -> bool:
    return ":" in place.rpartition("]")[2]


def _host(text: str) -> str:
    """Raises InvalidError."""
    try:
        return host_of(text, field=FIELD)
    except InvalidError:
        if not text:
            raise InvalidError(FIELD, _RULE) from None
        raise InvalidError(FIELD, _HOST_RULE.format(host=f"“{text[:100]}”")) from None
