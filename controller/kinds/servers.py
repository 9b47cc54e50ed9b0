"""Where a monitor's checks connect, as people read it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from controller.errors import InvalidError
from controller.kinds import Configured, is_one_server, target_of
from shared.wire.targets import BaseTarget


class NamedServer(NamedTuple):
    """`port` is None where none is known, or where the kind has none."""

    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


def servers_of(monitor: Configured) -> tuple[NamedServer, ...]:
    """The servers of a monitor, at least one: its own host name without a port when its kind connects to none.

    A kind's only server has the name that the user gave it. A stored config that is not understood any more has the
    monitor's own host name and port.
    """
    if monitor.port is not None and is_one_server(monitor.kind):
        return (NamedServer(monitor.hostname, monitor.port),)
    try:
        endpoints = target_of(monitor).endpoints
    except InvalidError:
        return (NamedServer(monitor.hostname, monitor.port),)
    if not endpoints:
        return (NamedServer(monitor.hostname, None),)
    if is_one_server(monitor.kind):
        return (NamedServer(monitor.hostname, endpoints[0].port),)
    return tuple(NamedServer(one.host, one.port) for one in endpoints)


def connects(target: BaseTarget | None) -> bool:
    """Whether a check of this target connects to a server; one that is not known is taken to do so."""
    return target is None or bool(target.endpoints)


def named_servers(kind: str, hostname: str, port: int | None) -> tuple[NamedServer, ...] | None:
    """The servers as far as they are known without the monitor's config; None when it says which they are."""
    return (NamedServer(hostname, port),) if is_one_server(kind) else None


def servers_text(monitor: Configured) -> str:
    """For example `mail.example.com:25`, or `a.example.com:25 and b.example.com:993`."""
    return " and ".join(map(str, servers_of(monitor)))
