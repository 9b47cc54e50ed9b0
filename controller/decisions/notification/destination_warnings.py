"""Warnings about the destination of an alert, although its address is valid. Pure.

An e-mail about a mail server that is down cannot be received by that same server.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

import idna

from controller.errors import InvalidError
from controller.model.values.hostname import host_of


def domain_of(address: str) -> str | None:
    """The domain of an e-mail address in the form that is resolved; None when the address has none."""
    try:
        return host_of(address.rpartition("@")[2].strip())
    except InvalidError:
        return None


def spellings(host: str) -> frozenset[str]:
    """The ways a user may have written this host (model.values.hostname), in lower case."""
    try:
        return frozenset({host, idna.decode(host)})
    except UnicodeError:
        return frozenset({host})


def is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def warning_texts(monitored: Mapping[str, str | None]) -> list[str]:
    """`monitored` maps a domain to a monitored host that receives its mail: None for one that is not to be named."""
    return [
        f"mail for {domain} is served by {f'{host}, which' if host else 'a host that'} is monitored here:"
        " an alert about that host will not arrive when it matters"
        for domain, host in sorted(monitored.items())
    ]
