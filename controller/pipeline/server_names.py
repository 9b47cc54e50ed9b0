"""Where the checks of monitors connect, for lists and messages whose rows hold no config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

from controller.kinds.servers import named_servers, servers_of
from controller.store.monitors.configured import configured_monitors
from controller.store.platform.pool import Connection


class NamedMonitor(Protocol):
    """What a row says about its monitor."""

    @property
    def monitor_public_id(self) -> UUID: ...
    @property
    def monitor_kind(self) -> str: ...
    @property
    def hostname(self) -> str: ...
    @property
    def port(self) -> int | None: ...


async def servers_by_monitor(connection: Connection, monitors: Iterable[NamedMonitor]) -> Mapping[UUID, list[str]]:
    """The servers of each monitor, as `mail.example.com:25`; without a port where the monitor states none. Only the
    configs of kinds that need them are read.
    """
    found = {one.monitor_public_id: named_servers(one.monitor_kind, one.hostname, one.port) for one in monitors}
    unread = [public_id for public_id, servers in found.items() if servers is None]
    read = await configured_monitors(connection, unread) if unread else []
    configured = {one.public_id: servers_of(one) for one in read}
    return {
        public_id: [str(one) for one in servers or configured.get(public_id, ())]
        for public_id, servers in found.items()
    }
