"""Everything that the page of one monitor shows, read over one connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policies import Level, Levels, effective
from controller.decisions.evaluation.policy import Policy
from controller.decisions.history.retention import single_results_since
from controller.decisions.history.views import View, stored_view
from controller.errors import InvalidError
from controller.kinds import ConfiguredLogin, configured_logins, target_of
from controller.model import Monitor, Principal
from controller.model.retention import Kept
from controller.operations.monitors.course import Course, course_of
from controller.operations.monitors.monitors import get_monitor
from controller.operations.monitors.situation import Situation, situation_of
from controller.store.checks import check_log
from controller.store.checks.check_log import LogFilter, LoggedCheck, LogPlace
from controller.store.monitors import policies
from controller.store.platform.pool import Connection, Database
from controller.store.retention import choices
from shared.wire.targets import KINDS, Target

__all__ = ["LogFilter", "LogPage", "LogPlace", "LogQuestion", "LoggedCheck", "ReportedMonitor", "monitor_report"]

LOG_ROWS = 50


class LogQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the log is read: the rows `before` a place or `after` it; the newest without either."""

    choice: LogFilter
    before: LogPlace | None = None
    after: LogPlace | None = None


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Up to LOG_ROWS checks, newest first, and whether there are older and newer ones."""

    checks: list[LoggedCheck]
    older: bool
    newer: bool


class ReportedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """`target` is what is checked, None when the stored config is no target; of `logins` only the users may be
    shown.
    """

    monitor: Monitor
    target: Target | None
    logins: Mapping[str, ConfiguredLogin]
    situation: Situation
    course: Course
    log: LogPage
    kept: Kept
    policy: Policy


async def monitor_report(
    database: Database,
    principal: Principal,
    public_id: UUID,
    *,
    view: View,
    question: LogQuestion,
    triggered_at: datetime | None,
    now: datetime,
) -> ReportedMonitor:
    """The course shows `view`; `triggered_at` is the moment of a check whose progress is shown, if any.

    Raises NotFoundError, ForbiddenError.
    """
    monitor = await get_monitor(database, principal, KINDS, public_id)
    async with database.connection() as connection:
        situation = await situation_of(connection, monitor, triggered_at)
        held = await choices.kept_for(connection, monitor.organization_id, monitor.customer_id, now)
        single = single_results_since(held, now)
        course = await course_of(
            connection,
            monitor,
            stored_view(view, single, now),
            single,
            now,
            locations=len(situation.latest),
            customer_ids=principal.customer_ids,
        )
        log = await _log(connection, monitor, question)
        levels = await policies.levels_on(connection, Level.MONITOR, monitor.id)
    try:
        target, logins = target_of(monitor), configured_logins(monitor)
    except InvalidError:
        target, logins = None, {}
    return ReportedMonitor(
        monitor=monitor,
        target=target,
        logins=logins,
        situation=situation,
        course=course,
        log=log,
        kept=held,
        policy=effective(levels or Levels()).policy,
    )


async def _log(connection: Connection, monitor: Monitor, question: LogQuestion) -> LogPage:
    where = (connection, monitor.id, monitor.public_id, question.choice)
    if question.after is not None:
        found = await check_log.checks_after(*where, question.after, limit=LOG_ROWS + 1)
        return LogPage(checks=found[-LOG_ROWS:], older=True, newer=len(found) > LOG_ROWS)
    found = await check_log.checks_before(*where, question.before, limit=LOG_ROWS + 1)
    return LogPage(checks=found[:LOG_ROWS], older=len(found) > LOG_ROWS, newer=question.before is not None)
