"""All AlertSite-compatible routes, and the bodies that they read and answer."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from controller.api.compat.alertsite import access_tokens, locations
from controller.api.compat.alertsite.account_defaults import routes as account_defaults
from controller.api.compat.alertsite.blackouts import routes as blackouts
from controller.api.compat.alertsite.monitors import email_monitors
from controller.api.compat.alertsite.monitors import routes as monitors
from controller.api.compat.alertsite.notifier_groups import routes as notifier_groups
from controller.api.compat.alertsite.properties import routes as properties
from controller.api.compat.alertsite.recipients import routes as recipients
from controller.api.compat.alertsite.recipients import trying
from controller.api.compat.alertsite.reports import routes as reports
from controller.api.compat.alertsite.sitestatus import routes as sitestatus
from controller.api.compat.alertsite.sitestatus.answers import SiteStatusReport
from controller.api.compat.alertsite.tests import routes as tests
from controller.http.problems import AlertSiteErrors

ROUTES: tuple[ControllerRouterHandler, ...] = (
    access_tokens.create_access_token,
    account_defaults.get_account_defaults,
    account_defaults.change_account_defaults,
    blackouts.Blackouts,
    locations.list_locations,
    *email_monitors.EMAIL_MONITORS,
    monitors.Monitors,
    notifier_groups.NotifierGroups,
    *properties.ROUTES,
    recipients.Recipients,
    *reports.ROUTES,
    tests.run_test,
    trying.send_test_alert,
    sitestatus.report_site_status,
)

BODIES = (
    *access_tokens.BODIES,
    *account_defaults.BODIES,
    *blackouts.BODIES,
    *locations.BODIES,
    *email_monitors.BODIES,
    *monitors.BODIES,
    *notifier_groups.BODIES,
    *properties.BODIES,
    *recipients.BODIES,
    *reports.BODIES,
    *tests.BODIES,
    *trying.BODIES,
    SiteStatusReport,
    AlertSiteErrors,
)
