"""What AlertSite's report API says of a time: single results, outages, and how much of it a monitor was up (A23).

Every report is about one customer, or one monitor of it, and limited in size.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from controller.errors import NotFoundError
from controller.model import Customer, IncidentSummary, Monitor, Principal
from controller.operations.accounts.customers import get_customer
from controller.operations.incidents.incident_list import IncidentSearch, search_incidents
from controller.operations.monitors.monitors import Kinds, some_monitors
from controller.operations.monitors.sitestatus import MonitorReport, site_status
from controller.operations.monitors.uptimes import UptimeOf, UptimeRequest, uptimes_of
from controller.operations.results.results import Question, results_page
from controller.store.checks.result_history import HistoryRecord
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.wire.messages import ResultStatus

MOST_RECORDS = 1000
MOST_MONITORS = 100


class ReportTime(NamedTuple):
    since: datetime
    until: datetime


class Reported(NamedTuple):
    """A customer, and those of its monitors that a report is about; MOST_MONITORS at most. `named`: the caller named
    them.
    """

    customer: Customer
    monitors: list[Monitor]
    named: bool


async def reported(
    database: Database, principal: Principal, kinds: Kinds, customer: int, devices: Sequence[int] | None
) -> Reported:
    """All monitors of the customer, or these. Raises NotFoundError, ForbiddenError."""
    owner = await get_customer(database, principal, customer)
    page = await some_monitors(
        database, _within(principal, owner), kinds, limit=MOST_MONITORS, offset=0, numbers=devices
    )
    if devices is not None and {one.id for one in page.monitors} != set(devices):
        raise NotFoundError
    return Reported(owner, page.monitors, devices is not None)


async def customer_status(database: Database, principal: Principal, kinds: Kinds, customer: int) -> list[MonitorReport]:
    """The present status of the customer's monitors, MOST_RECORDS at most. Raises NotFoundError, ForbiddenError."""
    owner = await get_customer(database, principal, customer)
    reports, _ = await site_status(database, _within(principal, owner), kinds, limit=MOST_RECORDS, offset=0)
    return reports


class DetailsFound(NamedTuple):
    """The results of a time. `failed_since`: failed checks that were due before are not kept any more, though the time
    begins earlier.
    """

    results: list[HistoryRecord]
    failed_since: datetime | None = None


async def detail_report(
    database: Database,
    vault: Vault,
    principal: Principal,
    about: Reported,
    time: ReportTime,
    *,
    locations: Sequence[str] | None,
    statuses: Sequence[ResultStatus] | None,
    limit: int,
    now: datetime,
) -> DetailsFound:
    """The latest results of that time, newest first. Raises InvalidError, ForbiddenError."""
    if not about.monitors:
        return DetailsFound([])
    there = msgspec.structs.replace(principal, works_in=about.customer.organization_id)
    question = Question(
        since=time.since,
        until=time.until,
        monitors=[one.public_id for one in about.monitors],
        locations=locations,
        statuses=statuses,
    )
    found = await results_page(database, vault, there, question, None, limit=limit, now=now)
    return DetailsFound(found.results, found.kept_since if time.since < found.kept_since else None)


async def outage_report(
    database: Database, principal: Principal, about: Reported, time: ReportTime, *, limit: int
) -> list[IncidentSummary]:
    """The outages that lasted at some moment of that time, the open ones first, then the newest. Raises
    ForbiddenError.
    """
    there = _within(principal, about.customer)
    if not about.named:
        found = await search_incidents(
            database, there, IncidentSearch(since=time.since, until=time.until), limit=limit, offset=0
        )
        known = {one.public_id for one in about.monitors}
        return [one for one in found.incidents if one.monitor_public_id in known]
    outages: list[IncidentSummary] = []
    for monitor in about.monitors:
        search = IncidentSearch(monitor=monitor.public_id, since=time.since, until=time.until)
        outages += (await search_incidents(database, there, search, limit=limit, offset=0)).incidents
    outages.sort(key=lambda one: (one.resolved_at is None, one.started_at), reverse=True)
    return outages[:limit]


async def sla_report(
    database: Database, principal: Principal, about: Reported, time: ReportTime, now: datetime
) -> list[tuple[Monitor, UptimeOf]]:
    """How much of that time each monitor was up. Raises InvalidError, ForbiddenError."""
    request = UptimeRequest(since=time.since, until=time.until)
    found = []
    for monitor in about.monitors:
        _, uptimes = await uptimes_of(database, principal, monitor.public_id, [request], now)
        found.append((monitor, uptimes[0]))
    return found


def _within(principal: Principal, customer: Customer) -> Principal:
    """The same one, limited to this customer, which it may see."""
    return msgspec.structs.replace(principal, works_in=customer.organization_id, customer_ids=frozenset({customer.id}))
