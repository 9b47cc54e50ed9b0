"""The loops that watch NATS and PostgreSQL and report them. They run from the start, also while PostgreSQL is away."""

from __future__ import annotations

import asyncio

from controller.metrics.counts import Counts
from controller.pipeline.loops import keep
from controller.pipeline.ops.broker_watch import BROKER_WATCH_SECONDS, BrokerWatch
from controller.pipeline.ops.database_watch import DATABASE_WATCH_SECONDS, DatabaseWatch
from controller.pipeline.ops.dependency_notices import REPORT_SECONDS, DependencyNotices
from controller.pipeline.ops.direct_mail import DIRECT_MAIL_SECONDS, DirectMail
from controller.pipeline.ops.health import DependencyHealth
from controller.store.platform.pool import Database
from shared.nats.bus import Bus


async def watch_dependencies(
    db: Database, bus: Bus, health: DependencyHealth, counts: Counts, reports: DependencyNotices, mail: DirectMail
) -> None:
    """Run until cancelled."""
    database, broker = DatabaseWatch(db, health), BrokerWatch(bus, health, counts)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep("database_watch", database.review, every_seconds=DATABASE_WATCH_SECONDS))
        tasks.create_task(keep("broker_watch", broker.review, every_seconds=BROKER_WATCH_SECONDS))
        tasks.create_task(keep("dependency_notices", reports.review, every_seconds=REPORT_SECONDS))
        tasks.create_task(keep("ops_mail", mail.send_due, every_seconds=DIRECT_MAIL_SECONDS))
