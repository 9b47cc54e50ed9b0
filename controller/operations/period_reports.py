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
    """A customer, and those of its monitors that a report is about; MOST_MONITORS at most."""

    customer: Customer
    monitors: list[Monitor]


async def reported(
    database: Database, principal: Principal, kinds: Kinds, customer: int, device: int | None
) -> Reported:
    """All monitors of the customer, or one. Raises NotFoundError, ForbiddenError."""
    owner = await get_customer(database, principal, customer)
    there = msgspec.structs.replace(principal, works_in=owner.organization_id, customer_ids=frozenset({owner.id}))
    numbers = None if device is None else [device]
    page = await some_monitors(database, there, kinds, limit=MOST_MONITORS, offset=0, numbers=numbers)
    if device is not None and not page.monitors:
        raise NotFoundError
    return Reported(owner, page.monitors)


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
) -> list[HistoryRecord]:
    """The latest results of that time, newest first. Raises InvalidError, ForbiddenError."""
    if not about.monitors:
        return []
    there = msgspec.structs.replace(principal, works_in=about.customer.organization_id)
    question = Question(
        since=time.since,
        until=time.until,
        monitors=[one.public_id for one in about.monitors],
        locations=locations,
        statuses=statuses,
    )
    found = await results_page(database, vault, there, question, None, limit=limit, now=now)
    return list(found.results)


async def outage_report(
    database: Database, principal: Principal, about: Reported, time: ReportTime, *, limit: int
) -> list[IncidentSummary]:
    """The outages that lasted at some moment of that time, the open ones first, then the newest. Raises
    ForbiddenError.
    """
    there = msgspec.structs.replace(
        principal, works_in=about.customer.organization_id, customer_ids=frozenset({about.customer.id})
    )
    only = about.monitors[0].public_id if len(about.monitors) == 1 else None
    search = IncidentSearch(monitor=only, since=time.since, until=time.until)
    known = {one.public_id for one in about.monitors}
    found = await search_incidents(database, there, search, limit=limit, offset=0)
    return [one for one in found.incidents if one.monitor_public_id in known]


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
