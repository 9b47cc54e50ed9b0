"""A host as a user may write it, and in the form that is resolved and verified. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address

import idna

from controller.errors import InvalidError

_RULE = "must be a valid hostname (no protocol, no path)"
_LONGEST = 253
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)


def host_of(hostname: str, *, field: str = "hostname") -> str:
    """The A-label form, in lower case and without the root's dot, or the canonical form of an IP literal.

    Letters, digits and hyphens only (RFC 1123 section 2.1), non-ASCII names by UTS 46 (RFC 5891). Raises InvalidError.
    """
    if len(hostname) > _LONGEST + 1 or "%" in hostname:
        raise InvalidError(field, _RULE)
    try:
        return str(ip_address(hostname))
    except ValueError:
        pass
    try:
        name = hostname if hostname.isascii() else idna.encode(hostname, uts46=True).decode()
    except UnicodeError as error:
        raise InvalidError(field, _RULE) from error
    name = name.lower().removesuffix(".")
    # Resolvers read a name whose last label is a number as an IPv4 address in an old notation.
    if len(name) > _LONGEST or not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise InvalidError(field, _RULE)
    return name
