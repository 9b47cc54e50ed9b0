"""The history of results over monitors, for analysts: one page, or everything in steps."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from time import monotonic
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.decisions.history.cursor import cursor_at, fingerprint, resume
from controller.decisions.history.history import Order, Period, Walk, period, reads_by_monitor, start
from controller.decisions.history.retention import blocks_since, results_since
from controller.errors import InvalidError, NotFoundError, UnknownCustomerError
from controller.model import Principal
from controller.model.values.json_rules import quoted
from controller.operations.access import require
from controller.store.accounts import customers
from controller.store.checks import result_history as store
from controller.store.checks.result_history import HistoryRecord, ResultFilter, ResultScope, reads_blocks
from controller.store.locations import locations
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.vault import Vault, VaultError
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose

PAGE_SECONDS = 5.0
"""A page that is not full after this time is answered as it is, and its cursor continues from there."""

_STEP_ROWS = 500
_STEP_ROWS_BY_TIME = 6_000
"""By time each step finds all the blocks around it, so steps that bring more take less in all. A part of what is
returned is never more than _STEP_ROWS.
"""
_MOST_BY_MONITOR = 20_000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request for results; None is no limit. `customer` is a number or a public id."""

    since: datetime | None = None
    until: datetime | None = None
    order: Order = Order.DESC
    customer: int | UUID | None = None
    monitors: Sequence[UUID] | None = None
    countries: Sequence[str] | None = None
    locations: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    statuses: Sequence[ResultStatus] | None = None
    purposes: Sequence[Purpose] | None = None


class ResultsFound(msgspec.Struct, frozen=True, kw_only=True):
    """Some results in order, and the cursor of the next page; None when there is none. Of checks that were due before
    `kept_since`, only those that passed are kept, in blocks.
    """

    results: list[HistoryRecord]
    next_cursor: str | None
    kept_since: datetime


class History:
    """The results of one question that the principal may see, from a position in their order on."""

    def __init__(
        self,
        database: Database,
        scope: ResultScope,
        choice: ResultFilter,
        walk: Walk,
        by_monitor: list[int] | None,
        rows: int,
    ) -> None:
        self.walk = walk
        self._database = database
        self._scope = scope
        self._choice = choice
        self._by_monitor = by_monitor
        self._rows = rows

    async def steps(self) -> AsyncGenerator[list[HistoryRecord], None]:
        """The results of one SQL statement after the other, sometimes none; no connection is held in between.

        Raises StoreUnavailableError.
        """
        while not self.walk.ended:
            step, began = self.walk.next_slice(), monotonic()
            rows = await store.results_in(
                self._database,
                self._scope,
                self._choice,
                step,
                self.walk.order,
                by_monitor=self._by_monitor,
                limit=self._rows,
            )
            self.walk.record_step(step, len(rows), rows[-1].position if rows else None, monotonic() - began)
            yield rows


async def kept_since(database: Database, principal: Principal, now: datetime) -> datetime:
    """The first moment whose results are kept in the organization that the principal works in."""
    async with database.connection() as connection:
        return results_since(await choices.kept_by(connection, principal.organization_id, now), now)


async def read_since(database: Database, principal: Principal, now: datetime) -> datetime:
    """The first moment of which anything is kept: of a time before `kept_since` only checks in blocks are."""
    async with database.connection() as connection:
        return blocks_since(await choices.kept_by(connection, principal.organization_id, now), now)


async def results_page(
    database: Database,
    vault: Vault,
    principal: Principal,
    question: Question,
    cursor: str | None,
    *,
    limit: int,
    now: datetime,
) -> ResultsFound:
    """Raises InvalidError, NotFoundError, UnknownCustomerError, ForbiddenError, StoreUnavailableError."""
    fingerprint, oldest = _fingerprint(principal, question), await kept_since(database, principal, now)
    since = await read_since(database, principal, now)
    rows_at_once = limit + 1, limit + 1
    walked, history = await _history(database, vault, principal, question, cursor, now, since, rows_at_once)
    found, end = list[HistoryRecord](), monotonic() + PAGE_SECONDS
    async with aclosing(history.steps()) as steps:
        async for rows in steps:
            found += rows
            if len(found) > limit or monotonic() > end:
                break
    if len(found) > limit:
        position = found[limit - 1].position
    elif history.walk.ended:
        return ResultsFound(results=found, next_cursor=None, kept_since=oldest)
    else:
        position = history.walk.position
    after = vault.encrypt(cursor_at(fingerprint, walked, position))
    return ResultsFound(results=found[:limit], next_cursor=after, kept_since=oldest)


async def all_results(
    database: Database,
    vault: Vault,
    principal: Principal,
    question: Question,
    cursor: str | None,
    *,
    limit: int | None,
    now: datetime,
) -> AsyncGenerator[list[HistoryRecord], None]:
    """All results, or the first `limit`, in parts; a part is empty where a step found nothing. Raises as results_page
    does, before the first part.
    """
    left = limit
    of_monitors, by_time = (most if limit is None else min(limit, most) for most in (_STEP_ROWS, _STEP_ROWS_BY_TIME))
    oldest = await read_since(database, principal, now)
    _, history = await _history(database, vault, principal, question, cursor, now, oldest, (of_monitors, by_time))
    async with aclosing(history.steps()) as steps:
        async for found in steps:
            some = found[:left]
            for begin in range(0, len(some) or 1, _STEP_ROWS):
                yield some[begin : begin + _STEP_ROWS]
            if left is not None:
                left -= len(some)
                if not left:
                    return


async def _history(
    database: Database,
    vault: Vault,
    principal: Principal,
    question: Question,
    cursor: str | None,
    now: datetime,
    oldest: datetime,
    rows_at_once: tuple[int, int],
) -> tuple[Period, History]:
    """A step returns as many rows as the first number when it reads by monitor, as the second when by time."""
    scope = await _scope(database, principal, question)
    choice = await _choice(database, question)
    walked = period(question.since, question.until, now=now, kept=now - oldest)
    position = start(walked, question.order)
    if cursor is not None:
        walked, position = resume(_decrypted(vault, cursor), _fingerprint(principal, question))
    there = await store.population(database, scope, at_most=_MOST_BY_MONITOR)
    if not there.ids or choice.location_ids == []:
        walked = Period(walked.until, walked.until)  # the principal may see no results, so nothing is searched
        position = start(walked, question.order)
    rows, by_time = rows_at_once
    by_monitor = there.ids if reads_by_monitor(len(there.ids), there.total_monitors, rows) else None
    rows = by_time if by_monitor is None else rows
    reads_all = by_monitor is None and reads_blocks(choice)
    walk = Walk(walked, question.order, position, monitors=len(there.ids), rows=rows, reads_all=reads_all)
    return walked, History(database, scope, choice, walk, by_monitor, rows)


async def _scope(database: Database, principal: Principal, question: Question) -> ResultScope:
    """Raises NotFoundError, UnknownCustomerError, ForbiddenError."""
    organization, customer_ids = principal.organization_id, principal.customer_ids
    if question.customer is not None:
        owner = await customers.customer_of(database, organization, question.customer)
        if owner is None:
            raise UnknownCustomerError
        require(principal, Permission.READ, owner.organization_id, owner.id)
        customer_ids = frozenset({owner.id})
    monitor_ids = None
    if question.monitors is not None:
        known = await store.monitors_named(database, organization, question.monitors)
        if len(known) < len(question.monitors):
            raise NotFoundError("Monitor not found")
        for monitor in known.values():
            require(principal, Permission.READ, organization, monitor.customer_id)
        monitor_ids = [monitor.id for monitor in known.values()]
    return ResultScope(
        organization_id=organization,
        customer_ids=None if customer_ids is None else sorted(customer_ids),
        kinds=question.kinds,
        monitor_ids=monitor_ids,
    )


async def _choice(database: Database, question: Question) -> ResultFilter:
    """Raises InvalidError for a location that is not there."""
    numbers = None
    if question.locations is not None or question.countries is not None:
        there = {location.code: location for location in await locations.all_locations(database)}
        for code in question.locations or ():
            if code not in there:
                raise InvalidError("location", f"must hold codes of locations: {quoted(code[:50])} is not one")
        numbers = [
            location.id
            for code, location in there.items()
            if (question.locations is None or code in question.locations)
            and (question.countries is None or location.country_code in question.countries)
        ]
    return ResultFilter(location_ids=numbers, statuses=question.statuses, purposes=question.purposes)


def _fingerprint(principal: Principal, question: Question) -> str:
    customer_ids = principal.customer_ids
    return fingerprint(
        principal.organization_id, None if customer_ids is None else sorted(customer_ids), principal.role, question
    )


def _decrypted(vault: Vault, cursor: str) -> object:
    """The decrypted cursor; None when it is not one that we have encrypted."""
    try:
        return vault.decrypt(cursor)
    except (VaultError, ValueError):
        return None
