"""One check with everything that explains it: its round, its incident, and the last good check to compare it with."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.errors import InvalidError, NotFoundError
from controller.kinds import configured_login, target_of
from controller.model import CheckRecord, Incident, Monitor, Principal
from controller.model.checks import CheckPlace, MissingCheck
from controller.operations.monitors.monitors import get_monitor
from controller.store.checks import good_checks, round_results
from controller.store.incidents.reading import incident_at
from controller.store.platform.pool import Connection, Database
from controller.store.retention import choices
from shared.clock import utc_now
from shared.epoch import to_datetime
from shared.wire.messages import ResultStatus
from shared.wire.targets import KINDS, Target

MOST_IN_ROUND = 100
LATEST = 2_000
"""Among how many of a monitor's latest results a check is searched when nobody says when it was due."""

_ROUNDS_OF_A_DAY = timedelta(hours=26)

NOT_RECENT = (
    f"There is no such check among the monitor's latest {LATEST:,} results. A link to an older one must say when it was"
    " due."
)


class CheckDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A check. `round` are all results that were due at the same moment, the check's own among them, and `missing` the
    checks of that moment without a result. `good` is the last good check to compare it with, usually of the same
    location, and `first_failed` the first check of its location that failed in `incident`. `target` is what the monitor
    checks now, None when its config makes no target any more; `user` is whom it logs in as.
    """

    monitor: Monitor
    check: CheckRecord
    round: list[CheckRecord]
    missing: list[MissingCheck]
    previous: CheckPlace | None
    next: CheckPlace | None
    incident: Incident | None
    first_failed: CheckRecord | None
    good: CheckRecord | None
    target: Target | None
    user: str | None
    bearer: bool


async def get_check(
    database: Database, principal: Principal, monitor_id: UUID, check_id: UUID, due_ms: int | None
) -> CheckDetails:
    """The check of this id that was due at this moment (epoch milliseconds); without one it must be among the LATEST
    results.

    Raises NotFoundError, ForbiddenError, StoreUnavailableError.
    """
    monitor = await get_monitor(database, principal, KINDS, monitor_id)
    names = (monitor.id, monitor.public_id)
    async with database.connection() as connection:
        held = await choices.kept_for(connection, monitor.organization_id, monitor.customer_id, utc_now())
        unknown = f"There is no such check. Results are kept {_days(held.results_days)}."
        if held.blocks_days > held.results_days:
            unknown = f"{unknown} Checks that passed are kept {_days(held.blocks_days)}."
        if due_ms is None:
            due_at = await round_results.due_of(connection, *names, check_id, rows=LATEST)
        else:
            due_at = _moment(due_ms)
        if due_at is None:
            raise NotFoundError(NOT_RECENT if due_ms is None else unknown)
        found = await round_results.round_results(connection, *names, due_at, limit=MOST_IN_ROUND)
        check = next((one for one in found if one.check_id == check_id), None)
        if check is None:
            raise NotFoundError(unknown)
        missing = await round_results.missing_checks(connection, monitor.id, due_at)
        previous, following = await round_results.before_and_after(connection, *names, check)
        incident, outage_since = await incident_at(connection, monitor.id, due_at)
        first_failed = None
        if outage_since is not None:
            first_failed = await good_checks.first_failed(
                connection, *names, location_id=check.location_id, since=outage_since, until=due_at
            )
        good = await _good(connection, monitor, check)
    target, user, bearer = _target(monitor)
    return CheckDetails(
        monitor=monitor,
        check=check,
        round=found,
        missing=missing,
        previous=previous,
        next=following,
        incident=incident,
        first_failed=first_failed,
        good=good,
        target=target,
        user=user,
        bearer=bearer,
    )


async def _good(connection: Connection, monitor: Monitor, check: CheckRecord) -> CheckRecord | None:
    """The last good check before a failed one; what is kept may be of later, when the outage is over."""
    names = (monitor.id, monitor.public_id)
    changed_at = monitor.target_changed_at
    kept = await good_checks.last_good(
        connection, *names, location_id=check.location_id, due_at=check.due_at, changed_at=changed_at
    )
    if check.status is ResultStatus.SUCCESS:
        return kept
    if kept is not None and kept.location_id == check.location_id and kept.due_at < check.due_at:
        return kept
    since = check.due_at - _ROUNDS_OF_A_DAY
    if check.due_at >= changed_at:
        since = max(since, changed_at)
    before = await good_checks.good_before(
        connection, *names, location_id=check.location_id, since=since, until=check.due_at
    )
    return before or kept


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _moment(due_ms: int) -> datetime | None:
    try:
        return to_datetime(due_ms)
    except OverflowError:
        return None


def _target(monitor: Monitor) -> tuple[Target | None, str | None, bool]:
    try:
        login = configured_login(monitor)
        return target_of(monitor), login.user if login else None, login is not None and login.bearer
    except InvalidError:
        return None, None, False
