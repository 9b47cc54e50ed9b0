"""The parts of monitors that make their targets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection


class ConfiguredMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets in `config` are encrypted."""

    public_id: UUID
    kind: str
    hostname: str
    port: int | None
    config: dict[str, Any]

    address: str | None = None
    """The address to connect to is not read: it is not shown."""


async def configured_monitors(connection: Connection, public_ids: Collection[UUID]) -> list[ConfiguredMonitor]:
    """Deleted monitors too: their incidents are still shown."""
    rows = await connection.fetch(
        "SELECT public_id, kind, hostname, port, config FROM monitor WHERE public_id = ANY ($1::uuid[])",
        list(public_ids),
    )
    return [ConfiguredMonitor(**row) for row in rows]
