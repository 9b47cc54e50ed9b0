"""Makes a target of `imaps://user@host:993` and a few options, for commands and settings."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import idna
import msgspec

from shared.wire.targets import TARGETS, Option, Server, TlsMode, kind_of

_TARGETS = {kind_of(target): target for target in TARGETS if issubclass(target, Server)}
SCHEMES = tuple(scheme for kind in _TARGETS for scheme in (kind, f"{kind}s"))

STARTTLS = {"never": TlsMode.NONE, "opportunistic": TlsMode.OPPORTUNISTIC, "required": TlsMode.REQUIRED}
DEFAULT_STARTTLS = {
    kind: next(word for word, mode in STARTTLS.items() if mode is target.STARTTLS) for kind, target in _TARGETS.items()
}
"""What a monitor of the kind does when nothing is set."""


def kind_options() -> dict[str, dict[str, Option]]:
    """The options that only some kinds have: by the name of the field, then by kind."""
    found: dict[str, dict[str, Option]] = {}
    for kind, target in _TARGETS.items():
        for name, option in target.OPTIONS.items():
            found.setdefault(name, {})[kind] = option
    return found


class UsageError(Exception):
    """The URL or an option is wrong; the message never shows a password."""


class CheckAddress(msgspec.Struct, frozen=True):
    """A target and the user to log in as; it holds no password."""

    target: Server
    user: str | None


def parse(url: str, *, starttls: str | None = None, **options: Any) -> CheckAddress:
    """`options` are fields of a target; None means not given. Raises UsageError."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        raise UsageError(f"the URL must begin with one of {', '.join(f'{each}://' for each in SCHEMES)}")
    try:
        parts = urlsplit(f"mail://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError("the URL's host or port cannot be read") from None
    if parts.password is not None:
        raise UsageError("the URL must not hold a password: set MAILPROBE_PASSWORD, or type it at the prompt")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError("the URL must end after host and port")
    implicit = scheme not in _TARGETS
    kind = _TARGETS[scheme.removesuffix("s") if implicit else scheme]
    usual = kind.PORTS[implicit]
    if port == 0 or (port is None and usual is None):
        raise UsageError("the URL needs a port from 1 to 65535")
    if implicit and starttls == "never":  # the other two values do not contradict it
        raise UsageError(f"--starttls never does not fit {scheme}, which is encrypted from the first byte")
    chosen = {name: value for name, value in options.items() if value is not None}
    tls = TlsMode.IMPLICIT if implicit else STARTTLS[starttls or DEFAULT_STARTTLS[scheme]]
    if not host:
        raise UsageError("the URL must name a host after ://")
    fields = {"host": _host(host), "port": port or usual, "tls": tls}
    return CheckAddress(kind(**(_checked(kind, chosen) | fields)), _user(parts.username))


def _checked(kind: type[Server], chosen: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name: field.type for field in msgspec.structs.fields(kind)}
    checked = {}
    for name, value in chosen.items():
        option = "--" + name.replace("_", "-")
        if name not in known:
            raise UsageError(f"{option} is not an option of {kind_of(kind)} checks")
        if isinstance(value, str) and not value.isprintable():
            raise UsageError(f"{option} must not hold control characters")
        try:
            checked[name] = msgspec.convert(value, known[name], strict=False)
        except msgspec.ValidationError:
            raise UsageError(f"{option} does not take {value!r}") from None
    return checked


def _host(host: str) -> str:
    """An IP literal unchanged, a name as its A-labels (RFC 5891)."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return idna.encode(host.removesuffix("."), uts46=True).decode() if not host.isascii() else _ascii(host)
    except (idna.IDNAError, UnicodeError) as error:
        raise UsageError(f"not a host name: {error}") from None


def _ascii(host: str) -> str:
    """Accepts underscores, which DNS allows and host names do not, so that such a server can be checked too."""
    labels = host.removesuffix(".").split(".")
    if (
        len(host) > 253
        or not all(label and len(label) <= 63 for label in labels)
        or not host.isprintable()
        or " " in host
    ):
        raise UsageError("the URL's host is not a host name")
    return host.removesuffix(".")


def _user(text: str | None) -> str | None:
    if not text:
        return None
    try:
        user = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise UsageError("the URL's user is not UTF-8") from None
    if not user.isprintable():
        raise UsageError("the URL's user must not hold control characters")
    return user
