"""The simulated year of an organization whose servers have several monitors, with storms and with monitors that depend
on another one: how many messages of each outage one receiver gets, who hears of everything.

Each server has a year as in `tests.bench.simulated.year`, which all its monitors see, each at its own moments. What is
really one outage has one reason: a server that fails, a gateway that fails with all behind it, or one server in an
hour in which the network of all fails.
"""

from __future__ import annotations

import heapq
import random  # noqa: TID251 - chance is what is simulated
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from controller.decisions.evaluation.state import ChangeKind, IncidentChange, Severity, Step
from controller.decisions.maintenance.afterwards import lasts
from controller.decisions.notification.group_messages import WORSE
from controller.decisions.notification.grouping import Cause, GroupKind, cause_of
from shared.epoch import to_datetime
from tests.bench.figures import Figures
from tests.bench.simulated.group_messages import Change, GroupMessages, Incident, Message
from tests.bench.simulated.year import LOCATIONS, YEAR_SECONDS, Disturbance, Year, year_of

INTERVALS = (60, 300)
"""Monitors of a server that are checked seldom join its outage one after the other, as long as an interval lasts."""

STORMS = 6
_FAILED = "f"
_SPREAD = 20.0
"""All servers fail within so many seconds."""


class Reason(NamedTuple):
    """Why checks fail for a while: `name` is the same for all monitors that fail for it."""

    name: str
    disturbance: Disturbance


class Server(NamedTuple):
    """A server with so many monitors, of which `reasons` are all failures. With a `parent`, its monitors depend on the
    monitor of that server.
    """

    name: str
    customer: int
    monitors: int
    reasons: list[Reason]
    disturbances: list[Disturbance]
    parent: str | None = None


class Seen(NamedTuple):
    """An evaluation of the monitor with this number, in milliseconds of the year."""

    at: int
    monitor: int
    due: int
    step: Step


class Organization:
    """The monitors of these servers; `run` is their year, and returns what the receiver got."""

    def __init__(self, servers: list[Server], chance: random.Random, interval: int) -> None:
        self._monitors = [server for server in servers for _ in range(server.monitors)]
        self._parents = {server.name: number for number, server in enumerate(self._monitors)}
        self._gateways = {server.parent for server in servers}
        self._chance = chance
        self._interval = interval
        self._open: dict[int, Incident] = {}
        self._held: dict[int, Change] = {}
        self._made = 0
        self._received = GroupMessages()

    def run(self) -> GroupMessages:
        years = [self._year(number, server) for number, server in enumerate(self._monitors)]
        for seen in heapq.merge(*years):
            for change in seen.step.changes:
                self._changed(seen, change)
            self._release(seen)
        self._received.until(to_datetime(2 * YEAR_SECONDS * 1000))
        return self._received

    def _year(self, number: int, server: Server) -> Iterator[Seen]:
        """Its rounds are due at a moment of its own in the interval."""
        phase = self._chance.uniform(0, self._interval)
        shifted = [one._replace(start=one.start - phase, end=one.end - phase) for one in server.disturbances]
        year = Year(shifted, random.Random(self._chance.random()), self._interval)  # noqa: S311 - a repeatable year
        later = int(phase * 1000)
        for due, step in year.steps():
            if step.changes or step.state.severity is not None:
                yield Seen(year.done_ms + later, number, due + later, step)

    def _changed(self, seen: Seen, change: IncidentChange) -> None:
        server = self._monitors[seen.monitor]
        if change.kind is ChangeKind.OPENED:
            self._made += 1
            self._open[seen.monitor] = Incident(self._made, self._holding(server))
        incident = self._open[seen.monitor]
        incident.is_down = change.severity is Severity.DOWN
        reason = _reason(server, change, seen.at / 1000)
        made = Change(incident, change.kind, to_datetime(seen.at), reason.name)
        if change.kind is ChangeKind.RESOLVED:
            self._received.resolved(made)
            self._held.pop(seen.monitor, None)
            del self._open[seen.monitor]
        elif change.kind not in WORSE:
            self._received.other(made)
        elif incident.held_by is not None:
            self._held[seen.monitor] = made
        else:
            self._received.worse(made, self._cause(server, reason))

    def _holding(self, server: Server) -> Incident | None:
        found = None if server.parent is None else self._open.get(self._parents[server.parent])
        return found if found and found.is_down else None

    def _release(self, seen: Seen) -> None:
        """Report an outage that was held, once an evaluation after the end of the other one shows that it lasts."""
        held = self._held.get(seen.monitor)
        by = held.incident.held_by if held else None
        if held and by and by.over_at and to_datetime(seen.due) >= by.over_at and lasts(seen.step.state):
            held.incident.held_by = None
            del self._held[seen.monitor]
            server = self._monitors[seen.monitor]
            reason = next(one for one in server.reasons if one.name == held.reason)
            made = held._replace(kind=ChangeKind.OPENED, at=to_datetime(seen.at))
            self._received.worse(made, self._cause(server, reason))

    def _cause(self, server: Server, reason: Reason) -> Cause:
        here = reason.disturbance.location
        parent = server.parent or server.name
        return cause_of(
            hosts=[server.name],
            addresses=[],
            customer_id=server.customer,
            customer=str(server.customer),
            failure="timeout",
            locations=[str(one) for one in range(LOCATIONS)] if here is None else [str(here)],
            behind=[self._parents[parent]] if parent in self._gateways else [],
        )


def _reason(server: Server, change: IncidentChange, confirmed: float) -> Reason:
    """Why an incident changed: what fails everywhere, if that is why, and else what fails at a location."""
    began = change.outage_started_ms / 1000
    found = [one for one in server.reasons if one.disturbance.start < confirmed and began <= one.disturbance.end]
    if change.severity is Severity.PARTIAL:
        found.sort(key=lambda one: one.disturbance.location is None)
    else:
        found.sort(key=lambda one: one.disturbance.location is not None)
    return found[0]


def servers_of(chance: random.Random, *, single: int, shared: int, behind: int) -> list[Server]:
    """Servers with one monitor each, one with `shared` monitors, and a gateway with `behind` servers behind it. All are
    cut off together STORMS times.
    """
    names = [f"mx{number}" for number in range(single)]
    storms = [chance.uniform(0, YEAR_SECONDS - 7200) for _ in range(STORMS)]
    made = [_server(chance, name, number, 1, storms) for number, name in enumerate(names)]
    made.append(_server(chance, "shared", single, shared, storms))
    gateway = _server(chance, "gateway", single + 1, 1, storms)
    made.append(gateway)
    falls = [one for one in gateway.reasons if one.disturbance.location is None]
    for number in range(behind):
        own = _server(chance, f"behind{number}", single + 1, 1, [], parent="gateway")
        own.reasons.extend(falls)
        own.disturbances.extend(one.disturbance for one in falls)
        own.disturbances.sort()
        made.append(own)
    return made


def _server(
    chance: random.Random, name: str, customer: int, monitors: int, storms: list[float], *, parent: str | None = None
) -> Server:
    disturbances = year_of(chance)
    for start in storms:
        began = start + chance.uniform(0, _SPREAD)
        disturbances.append(Disturbance(began, began + chance.uniform(1800, 3600), None, _FAILED))
    disturbances.sort()
    reasons = [Reason(f"{name} {number}", one) for number, one in enumerate(disturbances) if one.ballot == _FAILED]
    return Server(name, customer, monitors, reasons, disturbances, parent)


def messages_by_reason(messages: Sequence[Message]) -> Counter[str]:
    """How many messages report, of each outage, that something failed for it."""
    return Counter(reason for one in messages for reason in {change.reason for change in one.worse})


async def measure(organizations: int) -> Figures:
    """Messages of an outage to one receiver in a year of so many organizations, by interval."""
    return {f"every_{interval}_s": _measure(organizations, interval) for interval in INTERVALS}


def _measure(organizations: int, interval: int) -> Figures:
    chance = random.Random(23)  # noqa: S311 - a repeatable year
    counts: list[int] = []
    recoveries = storms = 0
    for _ in range(organizations):
        servers = servers_of(chance, single=30, shared=4, behind=5)
        received = Organization(servers, chance, interval).run()
        counts += messages_by_reason(received.messages).values()
        recoveries += sum(bool(one.ended) for one in received.messages)
        storms += sum(one.kind is GroupKind.STORM for one in received.messages)
    return {
        "outages": len(counts),
        "messages_of_an_outage": {
            "median": median(counts),
            "mean": round(sum(counts) / len(counts), 2),
            "max": max(counts),
        },
        "outages_by_messages": dict(sorted(Counter(counts).items())),
        "messages_of_storms": storms,
        "messages_of_recovery": recoveries,
    }
