"""Put passing checks into blocks some time after their hour or day: late results come before, and evaluations are done.
Those that come still later are put into blocks when no more have come for a while.

Every controller tries; one that finds the lock taken leaves it to the other. A block and the removal of its rows are
one transaction, so whoever dies in the middle has done nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from controller.store.blocks import fold_locks, late, progress
from controller.store.blocks.folding import FoldLockedError, fold
from controller.store.blocks.progress import FoldSpan
from controller.store.platform.pool import Connection, Database, StoreTimeoutError, StoreUnavailableError
from shared.epoch import to_text

log = structlog.get_logger()

FOLD_SECONDS = 60.0
SETTLED_SECONDS = 7200.0
"""An hour or a day is folded so long after its end."""
QUIET_SECONDS = 3600.0
"""Late results of a day that was folded are, too, when none has come for so long."""

_PAUSE_SECONDS = 0.05
_FROZEN_SECONDS = 60


async def fold_due(
    db: Database, *, settled_seconds: float = SETTLED_SECONDS, quiet_seconds: float = QUIET_SECONDS
) -> int:
    """Fold all hours and days that are due, and then late results; return how many checks. Raises
    StoreUnavailableError.
    """
    folded = 0
    while (some := await _fold_some(db, settled_seconds)) is not None:
        folded += some
        await asyncio.sleep(_PAUSE_SECONDS if some else 0)
    while (some := await _fold_late(db, quiet_seconds)) is not None:
        folded += some
        await asyncio.sleep(_PAUSE_SECONDS if some else 0)
    return folded


async def _fold_some(db: Database, settled_seconds: float) -> int | None:
    """None when nothing is due, another controller folds, or late results are being stored for long."""
    async with db.connection() as connection:
        if not await progress.all_read_blocks(connection):
            return None
        span = await progress.next_span(connection, settled_seconds=settled_seconds)
        if span is None:
            return None
        monitors = await progress.next_monitors(connection, span)
    if not monitors:
        return await _end(db, span)
    try:
        return await _fold(db, span, monitors, monitors[-1])
    except StoreUnavailableError as error:
        if not isinstance(error, StoreTimeoutError):
            raise
        log.warning("fold_takes_long", at=to_text(span.at), monitors=len(monitors))
    except Exception:
        log.exception("fold_failed", at=to_text(span.at), monitors=len(monitors))
    return await _fold_each(db, span, monitors)


async def _end(db: Database, span: FoldSpan) -> int | None:
    async with _alone(db) as connection:
        if connection is None or not await progress.note_ended(connection, span):
            return None
    log.info("span_folded", at=to_text(span.at), seconds=span.seconds)
    return 0


async def _fold(db: Database, span: FoldSpan, monitors: list[int], last: int) -> int | None:
    try:
        async with _alone(db) as connection:
            if connection is None or not await progress.note_done(connection, span, last):
                return None
            return await fold(connection, monitors, span.at, span.until)
    except FoldLockedError:
        return None


async def _fold_each(db: Database, span: FoldSpan, monitors: list[int]) -> int | None:
    """One by one, so that a monitor that cannot be folded, whose checks stay rows, stops no other."""
    folded = 0
    for monitor in monitors:
        try:
            some = await _fold(db, span, [monitor], monitor)
        except StoreUnavailableError as error:
            if not isinstance(error, StoreTimeoutError):
                raise
            log.warning("fold_takes_long", at=to_text(span.at), monitor=monitor)
            some = await _fold(db, span, [], monitor)
        except Exception:
            log.exception("fold_failed", at=to_text(span.at), monitor=monitor)
            some = await _fold(db, span, [], monitor)
        if some is None:
            return None
        folded += some
        span = span._replace(after_monitor=monitor)
    return folded


async def _fold_late(db: Database, quiet_seconds: float) -> int | None:
    """None when nothing is due, or another controller folds."""
    async with db.connection() as connection:
        if not await progress.all_read_blocks(connection):
            return None
        day = await late.next_late_day(connection, quiet_seconds=quiet_seconds)
    if day is None:
        return None
    try:
        async with _alone(db) as connection:
            if connection is None or not await late.note_folded(connection, day):
                return None
            return await fold(connection, [day.monitor_id], day.at, day.until)
    except FoldLockedError:
        return None
    except StoreUnavailableError as error:
        if not isinstance(error, StoreTimeoutError):
            raise
        log.warning("fold_takes_long", at=to_text(day.at), monitor=day.monitor_id)
    except Exception:
        log.exception("fold_failed", at=to_text(day.at), monitor=day.monitor_id)
    async with _alone(db) as connection:
        if connection is not None:
            await late.note_folded(connection, day)
    return 0


@asynccontextmanager
async def _alone(db: Database) -> AsyncIterator[Connection | None]:
    """A transaction in which no other controller folds, and no partition is dropped; None when another controller does.
    A controller that freezes inside loses it. Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', $1, true)", f"{_FROZEN_SECONDS}s"
        )
        yield connection if await fold_locks.begin(connection) else None
