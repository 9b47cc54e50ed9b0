"""Housekeeping, done by every controller: settle checks without a result, make partitions ahead, delete what is old."""

from __future__ import annotations

from datetime import timedelta

import structlog

from controller.decisions.history.retention import blocks_since, in_force, kept_of, rollups_since
from controller.metrics.counts import Counts
from controller.store.accounts import answered_requests, login_codes, request_counts, sessions
from controller.store.audit import entries
from controller.store.blocks.shapes import forget_shapes
from controller.store.checks import dead_letters
from controller.store.checks.dispatch import settle
from controller.store.checks.leadership import watermark
from controller.store.comparison import changes, facts
from controller.store.digests import unsubscribing
from controller.store.evaluation import evaluations, probe_problems, unconfirmed
from controller.store.incidents import ack_tokens, verdict_changes
from controller.store.locations import blind_periods
from controller.store.platform.partitions import make_partitions, remove_old_results
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.rollups.charts import rolled_until
from controller.store.rollups.months import BLOCKS, drop_old_months, make_months
from shared.clock import utc_now

log = structlog.get_logger()

SETTLE_SECONDS = 1.0
BLINDNESS_SECONDS = 5.0
PARTITION_SECONDS = 3600.0
FORGET_SECONDS = 600.0


async def settle_checks(db: Database, counts: Counts | None = None) -> None:
    """Record a gap for each check whose result is overdue. Raises StoreUnavailableError."""
    more = True
    while more:
        more, gaps = await settle(db)
        if gaps:
            log.info("gaps_recorded", **gaps)
            if counts is not None:
                counts.gaps_recorded(gaps)


async def forget_old(db: Database) -> None:
    """Delete ended sessions, login codes, tokens of messages and probe problems, and old counts of requests, answers to
    repeated requests, retries, blind periods, dead letters, verdict changes, unconfirmed failures, entries of the audit
    log, and facts of servers and their changes.

    Raises StoreUnavailableError.
    """
    await sessions.forget_expired(db)
    await login_codes.forget_expired(db)
    await ack_tokens.forget_expired(db)
    await unsubscribing.forget_expired(db)
    await request_counts.forget_old(db)
    await answered_requests.forget_old(db)
    await evaluations.forget_retries(db)
    await blind_periods.forget_old(db)
    await probe_problems.forget_old(db)
    await dead_letters.forget_old(db)
    await verdict_changes.forget_old(db)
    await unconfirmed.forget_old(db)
    await entries.forget_old(db)
    await facts.forget_old(db)
    await changes.forget_old(db)


async def prepare_partitions(db: Database) -> None:
    """Make the partitions from the day on which scheduling stopped, or yesterday, to some days ahead.

    Raises StoreUnavailableError.
    """
    today = utc_now().date()
    stopped = (await watermark(db)).date()
    await make_partitions(db, min(stopped, today - timedelta(days=1)), today)
    await make_months(db, today)


async def maintain_partitions(db: Database) -> None:
    """Make new partitions, and remove what the installation keeps no longer. Raises StoreUnavailableError."""
    await prepare_partitions(db)
    now = utc_now()
    async with db.connection() as connection:
        held = kept_of(in_force(await choices.of_installation(connection), now))
        rolled = await rolled_until(connection)
    removed = await remove_old_results(db, now.date(), keep_days=held.results_days, rolled_until=rolled.date())
    dropped = removed.dropped + await drop_old_months(db, rollups_since(held, now).date())
    dropped += await drop_old_months(db, blocks_since(held, now).date(), BLOCKS)
    await forget_shapes(db, blocks_since(held, now))
    if dropped or removed.emptied:
        log.info("partitions_removed", dropped=dropped, emptied=removed.emptied)
