"""The services by which kinds of mail server are found: their names in URLs and in DNS, ports and encryption."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.wire.targets import TlsMode

_LAST = 100


class MailService(NamedTuple):
    """A service of a kind. `name` is its scheme in URLs, and its name in SRV records where `rfc` says which document
    defines that. `words` say what its port is for. `rank` is its place where nothing says which service there is. `mx`:
    servers in MX records have it.
    """

    name: str
    kind: str
    port: int
    tls: TlsMode
    words: str
    rank: int
    rfc: str = ""
    mx: bool = False

    @property
    def srv(self) -> str:
        """The beginning of the name of its SRV records."""
        return f"_{self.name}._tcp"


def named(services: Iterable[MailService], name: str) -> MailService | None:
    """The service that a URL's scheme names."""
    return next((one for one in services if one.name == name), None)


def on_port(services: Iterable[MailService], port: int) -> MailService | None:
    """The service that usually has this port, of several the one that is more usual."""
    return min((one for one in services if one.port == port), key=lambda one: one.rank, default=None)


def by_rank(services: Iterable[MailService]) -> list[MailService]:
    """One service for each port, the most usual first."""
    found: dict[int, MailService] = {}
    for one in sorted(services, key=lambda service: service.rank):
        found.setdefault(one.port, one)
    return list(found.values())


def rank_of(services: Sequence[MailService], kind: str, port: int, tls: TlsMode) -> int:
    """The place of a server among others: that of the service that it seems to be, or at the end."""
    same = [one for one in services if one.kind == kind]
    exact = [one.rank for one in same if one.port == port]
    alike = [one.rank for one in same if (one.tls is TlsMode.IMPLICIT) is (tls is TlsMode.IMPLICIT)]
    return min(exact or alike or [_LAST])


def suggested_by(services: Iterable[MailService], host: str) -> list[MailService]:
    """The services that the first label of a host speaks of, as `imap2.example.org` does; else all of them."""
    known = by_rank(services)
    label = host.partition(".")[0].rstrip("0123456789").removesuffix("-")
    of_mx = [one for one in known if one.mx]
    if label == "mx":
        return of_mx
    by_kind = [one for one in known if label and label == one.kind.rstrip("0123456789")]
    by_name = [one for one in known if label == one.name]
    return by_kind or by_name or known
