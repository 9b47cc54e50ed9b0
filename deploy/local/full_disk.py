"""Restarts the embedded nats-server after its disk was full: it goes on failing when there is room again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from deploy.local.supervisor import Supervisor

log = structlog.get_logger()

WATCH_SECONDS = 2.0
_APART_SECONDS = 30.0
_FULL = b"no space left on device"
_ROOM_BYTES = 64 * 1024**2
_ROOM_SHARE = 0.05
_MOST_READ = 1024**2


class FullDisk:
    """`log_path` is the server's log, `store` the folder of JetStream."""

    def __init__(self, supervisor: Supervisor, part: str, log_path: Path, store: Path) -> None:
        self._supervisor = supervisor
        self._part = part
        self._log_path = log_path
        self._store = store
        self._read_until = _size(log_path)

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                if self._failed_lately() and has_room(self._store):
                    log.warning("part_restarted", part=self._part, reason="its disk was full and has room again")
                    await self._supervisor.restart(self._part)
                    await asyncio.sleep(_APART_SECONDS)
                    self._read_until = _size(self._log_path)
            except OSError as error:
                log.warning("disk_not_read", part=self._part, error=error.strerror)

    def _failed_lately(self) -> bool:
        """Whether the server has written since the last call that its disk is full; controllers try it all the time."""
        size = _size(self._log_path)
        begin = self._read_until if self._read_until <= size else 0  # a restart may have begun a new file
        self._read_until = size
        if begin == size:
            return False
        with self._log_path.open("rb") as written:
            written.seek(max(begin, size - _MOST_READ))
            return _FULL in written.read(_MOST_READ)


def has_room(folder: Path) -> bool:
    """Whether the disk has some room: 64 MiB, or a twentieth of a small one. Raises OSError."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= min(_ROOM_BYTES, _ROOM_SHARE * disk.f_blocks * disk.f_frsize)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
