"""Which view belongs to the address of a page."""

from __future__ import annotations

import re
from uuid import UUID

from controller.pages.live.overview import LiveOverview
from controller.pages.live.views import LiveIncident, LiveIncidents, LiveLocations, LiveMonitor, LiveView
from controller.pages.live.wall import LiveWall
from controller.pages.wall.address import WALL_PATH

_UUID = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_MONITOR = re.compile(f"/monitors/{_UUID}(?:/|$)")
_INCIDENT = re.compile(f"/incidents/{_UUID}(?:/|$)")


def view_of(address: str) -> LiveView:
    """The view of a page's path and query. A page that follows nothing has a view without messages."""
    path = address.partition("?")[0]
    if path == "/":
        return LiveOverview(address)
    if path == WALL_PATH:
        return LiveWall(address)
    if found := _MONITOR.match(path):
        return LiveMonitor(address, found[1])
    if found := _INCIDENT.match(path):
        return LiveIncident(address, UUID(found[1]))
    if path.startswith(("/incidents", "/incident-groups")):
        return LiveIncidents(address)
    if path.startswith("/locations"):
        return LiveLocations(address)
    return LiveView(address)
