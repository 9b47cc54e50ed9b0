"""Keeps refused logins over a restart of the agent, in a private file.

The file holds no login: each is a digest that nobody can compare with a guess without the key of the location, which is
not in the file. What cannot be read or written costs the memory of refused logins, never a check.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic, time
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta

from agent.throttling.refused_logins import MOST_REMEMBERED, RefusedLogins, RememberedLogin
from shared.private_files import read_private, write_private

log = structlog.get_logger()

SAVE_SECONDS = 1.0
"""How much of the latest changes an agent that is killed may forget; more if it takes long to save them."""

_LONGEST_SHARE = 20
"""Saving takes at most one part in so many of the time, however many logins are refused."""

_LONGEST_FILE = 32 * 1024 * 1024
_LAST_SAVE_SECONDS = 5.0


class _Saved(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The content of the file; `saved_at` is in seconds since 1970."""

    saved_at: float
    logins: Annotated[list[RememberedLogin], Meta(max_length=MOST_REMEMBERED)]


@asynccontextmanager
async def remembering(
    path: Path | None, clock: Callable[[], float] = monotonic, now: Callable[[], float] = time
) -> AsyncIterator[RefusedLogins]:
    """The refused logins of an agent: as the file remembers them, saved while the block runs and at its end.

    `clock` returns the seconds that the logins are used with, `now` those since 1970. Without a `path` none are kept.
    """
    logins = RefusedLogins()
    if path is None:
        yield logins
        return
    file = _File(path, logins, clock, now)
    file.load()
    stop = asyncio.Event()
    saving = asyncio.create_task(file.keep_saving(stop), name="save-refused-logins")
    try:
        yield logins
    finally:
        stop.set()
        await asyncio.wait([saving], timeout=_LAST_SAVE_SECONDS)
        saving.cancel()


class _File:
    def __init__(self, path: Path, logins: RefusedLogins, clock: Callable[[], float], now: Callable[[], float]) -> None:
        self._path = path
        self._logins = logins
        self._clock = clock
        self._now = now
        self._saved_changes = logins.changes
        self._complained = False

    def load(self) -> None:
        """Restore what the file holds; a file that cannot be read is replaced at the next change."""
        try:
            if not self._path.exists():
                return
            if self._path.stat().st_size > _LONGEST_FILE:
                raise ValueError("the file is too long")
            saved = msgspec.json.decode(read_private(self._path), type=_Saved)
        except (OSError, ValueError, RecursionError) as error:
            log.warning("refused_logins_not_read", file=str(self._path), reason=_reason(error))
            return
        self._logins.restore(saved.logins, self._clock(), seconds_ago=self._now() - saved.saved_at)
        log.info("refused_logins_remembered", logins=len(self._logins))

    async def keep_saving(self, stop: asyncio.Event) -> None:
        """Save changes about once a second, and a last time after `stop`."""
        took = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(SAVE_SECONDS, took * _LONGEST_SHARE)):
                    await stop.wait()
            if self._logins.changes != self._saved_changes:
                began = monotonic()
                await self._save()
                took = monotonic() - began
            if stop.is_set():
                return

    async def _save(self) -> None:
        changes = self._logins.changes
        try:
            await asyncio.to_thread(self._write)
        except (OSError, ValueError) as error:
            if not self._complained:
                log.warning("refused_logins_not_saved", file=str(self._path), reason=_reason(error))
            self._complained = True
        else:
            self._saved_changes, self._complained = changes, False

    def _write(self) -> None:
        """Takes some 50 ms for as many logins as are remembered, so it runs in a thread."""
        saved = _Saved(saved_at=self._now(), logins=self._logins.remembered(self._clock()))
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path, msgspec.json.encode(saved).decode())


def _reason(error: Exception) -> str:
    """What went wrong, without any content of the file."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "not a record of refused logins" if isinstance(error, msgspec.MsgspecError | RecursionError) else str(error)
