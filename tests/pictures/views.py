"""Every view of the dashboard, in the installation that shows it best."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Database
from tests.pictures import office, worlds
from tests.pictures.channels import CHANNEL, FILTER, HOOK
from tests.pictures.links import ON_CALL_SERVICE, QUIET
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
    wall: bool = False
    """It hangs on a wall: its pictures are of a large screen, not of a desk."""


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


def _planned(which: str, rest: str = "") -> Callable[[World], str]:
    return lambda world: f"/maintenance/{world.things[which]}{rest}"


def _setting(path: str, which: str, rest: str = "") -> Callable[[World], str]:
    return lambda world: f"/settings/{path}/{world.things[which]}{rest}"


_HANDED_OVER = (
    "pagerduty",
    "opsgenie",
    "alertmanager",
    "goalert",
    "grafanaoncall",
    "allquiet",
    "servicenow",
    "linear",
    "gitlab",
)
EMPTY = (
    View("login", _at("/login"), outside=True),
    View("overview-empty", _at("/")),
    View("incidents-empty", _at("/incidents")),
    View("wall-empty", _at("/wall"), similar=True),
    View("screen-without-token", _at("/wall/screen"), outside=True, status=401),
    View("screens-empty", _at("/settings/screens"), similar=True),
    View("monitor-form", _at("/monitors/new")),
    View("maintenance-empty", _at("/maintenance"), similar=True),
    View("maintenance-form", _at("/maintenance/new")),
    View("maintenance-import", _at("/maintenance/import")),
    View("maintenance-feeds-empty", _at("/maintenance/calendar-feeds"), similar=True),
    View("changes-empty", _at("/changes")),
)
HEALTHY = (
    View("wall-healthy", _at("/wall"), wall=True),
    View("overview-healthy", _at("/")),
    View("monitor-up", _monitor("up")),
    View("check-good", _check("good")),
    View("trial", _check("trial")),
    View("find-a-server", _check("discovery")),
    View("find-nothing", _check("nothing")),
    View("locations-healthy", _at("/locations"), similar=True),
    View("location-new", _at("/locations/new")),
    View("location-up", _at("/locations/de-nbg"), similar=True),
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
    View("monitor-form-imap", _at("/monitors/new?kind=imap&host=mail.example.com&mailbox=Archive"), similar=True),
    View("monitor-edit", _monitor("hostile", "/edit")),
    View("monitor-duplicate", _monitor("down", "/duplicate"), similar=True),
    View("monitor-delete", _monitor("hostile", "/delete")),
    View("monitors-many", _at("/monitors/many?state=down,partial&q=mail")),
    View("incidents", _at("/incidents")),
    View("incident-open", _incident("open")),
    View("incident-acknowledged", _incident("acknowledged"), similar=True),
    View("incident-resolved", _incident("resolved")),
    View("unpaged", _at("/incidents/unpaged")),
    View("incident-groups", _at("/incident-groups")),
    View("incident-group", lambda world: f"/incident-groups/{world.things['incident group']}"),
    View("changes", _at("/changes")),
    View("maintenance", _at("/maintenance")),
    View("maintenance-month", _at("/maintenance/calendar")),
    View("maintenance-week", _at("/maintenance/calendar?view=week")),
    View("maintenance-window", _planned("window")),
    View("maintenance-now", _planned("window-now"), similar=True),
    View("maintenance-edit", _planned("window", "/edit"), similar=True),
    View("monitor-maintained", _monitor("maintained")),
    View("maintenance-delete", _planned("window-now", "/delete")),
    View("changes-filtered", _at("/changes?what=starttls_stripped&country=JP"), similar=True),
    View("locations-burning", _at("/locations")),
    View("location-silent", _at("/locations/br-sao")),
    View("location-rename", _at("/locations/de-nbg/rename")),
    View("location-rotate", _at("/locations/de-nbg/rotate"), similar=True),
    View("location-disable", _at("/locations/de-nbg/disable")),
    View("location-remove", _at("/locations/de-nbg/remove"), similar=True),
    View("account", _at("/account")),
    View("help", _at("/help")),
    View("help-failure", _at("/help/login-refused")),
    View("policies", _at("/policies")),
    View("policy-organization", _at("/policies/organization"), similar=True),
    View("policy-monitor", _monitor("down", "/policy")),
    View("wall", _at("/wall?by=customer"), wall=True),
    View("screens", _at("/settings/screens"), similar=True),
    View("screen-revoking", lambda world: f"/settings/screens/{world.screen}/revoke"),
    View("overview-saved", _at("/?q=hotel&sort=slowest"), similar=True),
    View("settings", _at("/settings")),
    View("grouping", _at("/settings/grouping")),
    View("escalation", _at("/settings/escalation")),
    View("escalation-policy", _setting("escalation", "policy")),
    View("rotas", _at("/settings/rotas"), similar=True),
    View("rota", _setting("rotas", "rota")),
    View("channels", _at("/settings/channels")),
    View("channel-types", _at("/settings/channels/new")),
    View("channel-new", _at("/settings/channels/new?type=webhook")),
    View("channel", _at(f"/settings/channels/{CHANNEL}")),
    View("channel-edit", _at(f"/settings/channels/{HOOK}/edit"), similar=True),
    View("channel-quiet", _at(f"/settings/channels/{QUIET}")),
    View("channel-quiet-edit", _at(f"/settings/channels/{QUIET}/edit")),
    View("channel-hook", _at(f"/settings/channels/{ON_CALL_SERVICE}")),
    *(View(f"channel-new-{one}", _at(f"/settings/channels/new?type={one}"), similar=True) for one in _HANDED_OVER),
    View("packages", _at("/settings/packages")),
    View("package", _setting("packages", "package")),
    View("package-delete", _setting("packages", "package", "/delete"), similar=True),
    View("rules", _at("/settings/rules")),
    View("ack", lambda world: f"/ack/{world.things['ack']}", outside=True),
    View("unsubscribe", lambda world: f"/unsubscribe/{world.things['unsubscribe']}", outside=True),
    View("channel-delete", _at(f"/settings/channels/{CHANNEL}/delete")),
    View("audit", _at("/settings/audit")),
    View("recipient-groups", _at("/settings/recipient-groups")),
    View("recipient-group-new", _at("/settings/recipient-groups/new")),
    View("labels", _at("/settings/labels")),
    View("label-rename", _at("/settings/labels/rename?key=team&new_key=group")),
    View("saved-filter", _at(f"/settings/saved-filters/{FILTER}")),
    View("not-found", _at("/monitors/00000000-0000-4000-8000-000000000000"), status=404),
)
OFFICE = (
    View("people", _at("/settings/people")),
    View("person", _setting("people", "editor")),
    View("person-own", _setting("people", "own"), similar=True),
    View("person-blind", _setting("people", "blind"), similar=True),
    View("person-new", _at("/settings/people/new")),
    View("person-delete", _setting("people", "limited", "/delete")),
    View("tokens", _at("/settings/tokens")),
    View("token-new", _at("/settings/tokens/new")),
    View("token-revoke", _setting("tokens", "report", "/revoke")),
    View("customers", _at("/settings/customers")),
    View("customer", _setting("customers", "customer")),
    View("customer-messages", _setting("customers", "customer", "/messages")),
    View("customer-new", _at("/settings/customers/new"), similar=True),
    View("organization-settings", _at("/settings/organization")),
    View("sign-on-settings", _at("/settings/sign-on")),
    View("sign-on-end", _at("/settings/sign-on/end")),
)
ALBUM: dict[str, tuple[MakeWorld, tuple[View, ...]]] = {
    "empty": (worlds.empty, EMPTY),
    "healthy": (worlds.healthy, HEALTHY),
    "burning": (worlds.burning, BURNING),
    "office": (office.office, OFFICE),
}

LARGE: dict[str, tuple[MakeWorld, tuple[View, ...]]] = {
    "large": (
        worlds.large,
        (
            View("overview-10000", _at("/")),
            View("overview-10000-page-7", _at("/?page=7")),
            View("wall-10000", _at("/wall?by=customer"), wall=True),
        ),
    ),
}
"""Takes a minute to fill."""

SMALL = (
    Small("overview", View("", _at("/")), 820),
    Small("monitor", View("", _monitor("partial")), 1010),
    Small("check", View("", _check("slow")), 1000, below="#round"),
)
"""Of the burning installation."""
