"""The routes of calendars."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from controller.pages.maintenance_calendars.feeds import feeds_page, make_calendar_feed, revoke_calendar_feed
from controller.pages.maintenance_calendars.importing import import_from_file, import_page

ROUTES: list[ControllerRouterHandler] = [
    feeds_page,
    make_calendar_feed,
    revoke_calendar_feed,
    import_page,
    import_from_file,
]
