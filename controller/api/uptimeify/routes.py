"""Every route in Uptimeify's shape, and the bodies they read and answer."""

from __future__ import annotations

import msgspec
from litestar.types import ControllerRouterHandler

from controller.api.uptimeify import (
    answers,
    bodies,
    channels,
    customers,
    detail_answers,
    history,
    incident_changes,
    incident_items,
    incident_list,
    organization,
    session,
    tokens,
    users,
)
from controller.api.uptimeify.checks import check_routes
from controller.api.uptimeify.details import detail_routes
from controller.api.uptimeify.groups import GROUPS
from controller.api.uptimeify.incidents import incident_routes
from controller.api.uptimeify.monitors import monitor_routes

_PEOPLE = (session, users, organization, tokens)

ROUTES: list[ControllerRouterHandler] = [
    *(routes(group) for group in GROUPS for routes in (monitor_routes, check_routes, detail_routes, incident_routes)),
    customers.Customers,
    channels.Channels,
    incident_list.Incidents,
    incident_changes.IncidentChanges,
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
    incident_items.IncidentHistory,
    incident_items.AlertHistory,
    *incident_list.BODIES,
    *incident_changes.BODIES,
    *customers.BODIES,
    *channels.BODIES,
    *(body for module in _PEOPLE for body in module.BODIES),
)
