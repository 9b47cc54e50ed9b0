"""Every view of the dashboard, in the installation that shows it best."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Database
from tests.pictures import worlds
from tests.pictures.worlds import World

MakeWorld = Callable[[Database, datetime], Awaitable[World]]


class View(NamedTuple):
    """A page by its path, seen by somebody who is logged in unless `outside`. One that is `similar` to another is made
    of the same elements: it has a picture, but no test.
    """

    name: str
    path: Callable[[World], str]
    outside: bool = False
    status: int = 200
    similar: bool = False


class Small(NamedTuple):
    """A part of a view for documents: so many pixels of its height, from the element of a selector on."""

    name: str
    view: View
    height: int
    below: str = ""


def _at(path: str) -> Callable[[World], str]:
    return lambda _world: path


def _monitor(which: str, query: str = "") -> Callable[[World], str]:
    return lambda world: f"/monitors/{world.monitors[which]}{query}"


def _check(which: str) -> Callable[[World], str]:
    return lambda world: world.checks[which]


def _incident(which: str) -> Callable[[World], str]:
    return lambda world: f"/incidents/{world.incidents[which]}"


EMPTY = (
    View("login", _at("/login"), outside=True),
    View("overview-empty", _at("/")),
    View("incidents-empty", _at("/incidents")),
    View("changes-empty", _at("/changes")),
)
HEALTHY = (
    View("overview-healthy", _at("/")),
    View("monitor-up", _monitor("up")),
    View("check-good", _check("good")),
    View("locations-healthy", _at("/locations"), similar=True),
)
BURNING = (
    View("overview-burning", _at("/")),
    View("overview-filtered", _at("/?state=down,partial&q=mail"), similar=True),
    View("overview-nothing-found", _at("/?q=nothing-is-called-so")),
    View("monitor-down", _monitor("down"), similar=True),
    View("monitor-down-month", _monitor("down", "?range=month")),
    View("monitor-partial", _monitor("partial")),
    View("monitor-degraded", _monitor("degraded"), similar=True),
    View("monitor-deviating", _monitor("deviating")),
    View("monitor-hostile", _monitor("hostile")),
    View("check-bad", _check("bad"), similar=True),
    View("check-slow", _check("slow")),
    View("check-hostile", _check("hostile")),
    View("incidents", _at("/incidents")),
    View("incident-open", _incident("open")),
    View("incident-acknowledged", _incident("acknowledged"), similar=True),
    View("incident-resolved", _incident("resolved")),
    View("unpaged", _at("/incidents/unpaged")),
    View("changes", _at("/changes")),
    View("changes-filtered", _at("/changes?what=starttls_stripped&country=JP"), similar=True),
    View("locations-burning", _at("/locations")),
    View("account", _at("/account")),
    View("not-found", _at("/monitors/00000000-0000-4000-8000-000000000000"), status=404),
)
ALBUM: dict[str, tuple[MakeWorld, tuple[View, ...]]] = {
    "empty": (worlds.empty, EMPTY),
    "healthy": (worlds.healthy, HEALTHY),
    "burning": (worlds.burning, BURNING),
}

LARGE: dict[str, tuple[MakeWorld, tuple[View, ...]]] = {
    "large": (worlds.large, (View("overview-10000", _at("/")), View("overview-10000-page-7", _at("/?page=7")))),
}
"""Takes a minute to fill."""

SMALL = (
    Small("overview", View("", _at("/")), 820),
    Small("monitor", View("", _monitor("partial")), 1010),
    Small("check", View("", _check("slow")), 1000, below="#round"),
)
"""Of the burning installation."""
