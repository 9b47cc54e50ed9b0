"""What a host may be called in a setting, so that a name nobody can resolve is refused at the start. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address

import idna

_LONGEST = 253
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def is_host(text: str) -> bool:
    """Whether this is an IP literal (without brackets) or a host name, which may have underscores, as names of
    containers have, and letters beyond ASCII (RFC 5891).
    """
    try:
        ip_address(text)
    except ValueError:
        pass
    else:
        return True
    try:
        name = text if text.isascii() else idna.encode(text, uts46=True).decode()
    except UnicodeError:
        return False
    labels = name.removesuffix(".").split(".")
    # Resolvers read a name whose last label is a number as an IPv4 address in an old notation.
    return len(name) <= _LONGEST + 1 and all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])
