"""The daily or weekly digests of channels: when one is due, a delivery to each of its addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from controller.decisions.notification.digests import is_missed, next_digest
from controller.decisions.notification.report import PeriodSummary, expiring, report_of
from controller.decisions.notification.standing_warnings import LocationWarning, StandingWarning, standing_warnings
from controller.model.values.digest import Digest, digest_in
from controller.notify.addresses import email_addresses
from controller.notify.notice import MOST_MEMBERS
from controller.notify.report_notice import ReportExpiry, ReportNoise, ReportNotice, ReportOutage, ReportWarning
from controller.store.comparison import suspicions
from controller.store.digests import reports, unsubscribing
from controller.store.digests.reports import DigestedMonitor, ReportingChannel
from controller.store.platform.pool import Connection, Database, is_away
from shared.clock import utc_now
from shared.wire.explanations import WARNINGS
from shared.wire.failures import WarningKind

log = structlog.get_logger()

REPORT_SECONDS = 10.0
_AT_A_TIME = 100
_EXPLAINED = frozenset(kind.value for kind in WARNINGS if kind is not WarningKind.UNKNOWN)
_LONGEST = timedelta(days=35)
"""No digest reports more, however long its channel was switched off."""


async def send_digests(database: Database, now: datetime | None = None) -> int:
    """Make the digests that are due, and return how many. The deliveries of a digest and the time of the next one are
    one transaction, so that no digest is made twice. A channel that fails delays no other one. Raises
    StoreUnavailableError.
    """
    now = now or utc_now()
    made = after = 0
    while found := await reports.channels_due(database, now, after=after, at_most=_AT_A_TIME):
        for channel_id in found:
            after = channel_id
            try:
                async with database.transaction() as connection:
                    made += await _digest(connection, channel_id, now)
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("digest_failed", channel=channel_id)
                break  # asking for the next ones shows whether PostgreSQL answers
    return made


async def _digest(connection: Connection, channel_id: int, now: datetime) -> bool:
    channel = await reports.locked_due(connection, channel_id, now)
    digest = digest_in(channel.digest) if channel else None
    if channel is None or digest is None:
        return False
    following = next_digest(digest, channel.time_zone, now)
    if channel.due_at is None:
        await reports.plan(connection, channel.id, following, channel.since or now)
        return False
    since = max(channel.since or now, now - _LONGEST)
    receivers = await unsubscribing.still_subscribed(connection, channel.id, email_addresses(channel.config))
    sent = channel.is_active and bool(receivers) and not is_missed(channel.due_at, now)
    await reports.plan(connection, channel.id, following, now if sent else since)
    if not sent:
        return False
    notice = await _notice(connection, channel, digest, since, now)
    await reports.deliver(connection, channel, msgspec.to_builtins(notice), receivers)
    log.info("digest_made", channel=channel.id, receivers=len(receivers))
    return True


async def _notice(
    connection: Connection, channel: ReportingChannel, digest: Digest, since: datetime, now: datetime
) -> ReportNotice:
    monitors = await reports.monitors_of(connection, channel)
    numbers = [one.id for one in monitors]
    incidents = await reports.incidents_of(connection, numbers, since, now)
    times = await reports.times_of(connection, numbers, since, now)
    ends = expiring(await reports.certificate_ends(connection, numbers), now)
    warnings = [*await reports.warnings_of(connection, numbers), *await _findings(connection, numbers)]
    report = report_of(incidents, {one.id: one.public_id for one in monitors}, times)
    return notice_of(
        channel, digest, since, now, monitors=monitors, report=report, ends=ends, warnings=standing_warnings(warnings)
    )


async def _findings(connection: Connection, monitors: Sequence[int]) -> list[LocationWarning]:
    """What is found at locations and said to customers, as warnings."""
    doubts = await suspicions.doubts_of(connection, monitors)
    return [
        LocationWarning(number, one.location_id, one.kind.value, one.words)
        for number, found in doubts.items()
        for one in found.said
    ]


def notice_of(
    channel: ReportingChannel,
    digest: Digest,
    since: datetime,
    now: datetime,
    *,
    monitors: Sequence[DigestedMonitor],
    report: PeriodSummary,
    ends: Sequence[tuple[int, datetime]],
    warnings: Sequence[StandingWarning],
) -> ReportNotice:
    known = {one.id: one for one in monitors}
    wrong, ended = (
        [
            ReportOutage(
                incident_public_id=one.public_id,
                monitor=one.monitor,
                customer=one.customer,
                severity=one.severity,
                cause=one.cause,
                began=one.began,
                ended=one.ended,
            )
            for one in incidents[:MOST_MEMBERS]
        ]
        for incidents in (report.wrong, report.ended)
    )
    return ReportNotice(
        frequency=digest.frequency,
        at=now,
        since=since,
        scope=_scope(channel, monitors),
        time_zone=channel.time_zone,
        organization=channel.organization,
        uptime=report.uptime,
        wrong=wrong,
        ended=ended,
        expiring=[
            ReportExpiry(monitor_public_id=known[number].public_id, monitor=known[number].name, expires_at=at)
            for number, at in ends[:MOST_MEMBERS]
        ],
        warnings=[
            ReportWarning(
                monitor_public_id=known[one.monitor_id].public_id,
                monitor=known[one.monitor_id].name,
                warning=one.text,
                locations=one.locations,
                remedy=WARNINGS[WarningKind(one.kind)].remedy.replace("`", "") if one.kind in _EXPLAINED else "",
            )
            for one in warnings[:MOST_MEMBERS]
        ],
        noisy=[
            ReportNoise(
                monitor_public_id=one.public_id, monitor=one.monitor, incidents=one.incidents, flapping=one.flapping
            )
            for one in report.noisy[:MOST_MEMBERS]
        ],
        number_wrong=len(report.wrong),
        number_ended=len(report.ended),
        number_expiring=len(ends),
        number_warnings=len(warnings),
        number_noisy=len(report.noisy),
    )


def _scope(channel: ReportingChannel, monitors: Sequence[DigestedMonitor]) -> str:
    if channel.monitor_id is not None:
        return monitors[0].name if monitors else "one monitor"
    count = f"{len(monitors):,} monitor{'s' * (len(monitors) != 1)}"
    return f"{channel.customer or channel.organization}, {count}"
