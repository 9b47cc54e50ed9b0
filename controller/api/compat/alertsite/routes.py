"""Every AlertSite-compatible route, and the bodies they read and answer."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from controller.api.compat.alertsite import account
from controller.api.compat.alertsite.monitors import email_monitors, monitors, sitestatus
from controller.api.http.problems import AlertSiteErrors

ROUTES: tuple[ControllerRouterHandler, ...] = (
    account.create_access_token,
    account.get_account_defaults,
    account.change_account_defaults,
    account.list_locations,
    *email_monitors.EMAIL_MONITORS,
    monitors.Monitors,
    sitestatus.report_site_status,
)

BODIES = (*account.BODIES, *email_monitors.BODIES, *monitors.BODIES, *sitestatus.BODIES, AlertSiteErrors)
