"""Every route in Uptimeify's shape, and the bodies they read and answer."""

from __future__ import annotations

import msgspec
from litestar.types import ControllerRouterHandler

from controller.api.compat.uptimeify.accounts import customers, organization, session, tokens, users
from controller.api.compat.uptimeify.channels import routes as channels
from controller.api.compat.uptimeify.incidents import items
from controller.api.compat.uptimeify.incidents import list as incident_list
from controller.api.compat.uptimeify.incidents.of_monitor import incident_routes
from controller.api.compat.uptimeify.monitors import answers, bodies, detail_answers, history
from controller.api.compat.uptimeify.monitors.checks import check_routes
from controller.api.compat.uptimeify.monitors.details import detail_routes
from controller.api.compat.uptimeify.monitors.kinds import GROUPS
from controller.api.compat.uptimeify.monitors.routes import monitor_routes
from controller.api.v1 import incident_actions

_PEOPLE = (session, users, organization, tokens)

ROUTES: list[ControllerRouterHandler] = [
    *(routes(group) for group in GROUPS for routes in (monitor_routes, check_routes, detail_routes, incident_routes)),
    customers.Customers,
    channels.Channels,
    incident_list.Incidents,
    incident_actions.IncidentChanges,
    *(route for module in _PEOPLE for route in module.ROUTES),
]

BODIES: tuple[type[msgspec.Struct], ...] = (
    bodies.NewSmtpMonitor,
    bodies.SmtpMonitorChange,
    bodies.NewImapPopMonitor,
    bodies.ImapPopMonitorChange,
    answers.MonitorPage,
    answers.SmtpMonitorAnswer,
    answers.SmtpMonitorDetail,
    answers.ImapPopMonitorAnswer,
    answers.ImapPopMonitorDetail,
    answers.SmtpTriggerAnswer,
    answers.ImapPopTriggerAnswer,
    answers.DeleteAnswer,
    history.SmtpHistory,
    history.ImapPopHistory,
    detail_answers.SmtpMonitorDetails,
    detail_answers.ImapPopMonitorDetails,
    items.IncidentHistory,
    items.AlertHistory,
    *incident_list.BODIES,
    *incident_actions.BODIES,
    *customers.BODIES,
    *channels.BODIES,
    *(body for module in _PEOPLE for body in module.BODIES),
)
