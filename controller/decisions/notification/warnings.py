"""What is wrong with where an alert would go, although nothing is wrong with how it was written. Pure.

An e-mail about a mail server that is down cannot be received by that very server.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

import idna

from controller.errors import InvalidError
from controller.model.values.hostname import host_of


def domain_of(address: str) -> str | None:
    """The domain of an e-mail address as it is looked up; None when it is none."""
    try:
        return host_of(address.rpartition("@")[2].strip())
    except InvalidError:
        return None


def spellings(host: str) -> frozenset[str]:
    """The ways a user may have written this host (decisions.hostname), in lower case."""
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


def in_words(monitored: Mapping[str, str]) -> list[str]:
    """`monitored` is, by domain, a monitored host that its mail comes to."""
    return [
        f"mail for {domain} is served by {host}, which is monitored here:"
        " an alert about that host will not arrive when it matters"
        for domain, host in sorted(monitored.items())
    ]
