"""All routes in Uptimeify's shape, with the bodies they read and answer."""

from __future__ import annotations

import msgspec
from litestar.types import ControllerRouterHandler

from controller.api.compat.uptimeify.channels import routes as channels
from controller.api.compat.uptimeify.checks.routes import check_routes
from controller.api.compat.uptimeify.customers import schemas as customers
from controller.api.compat.uptimeify.customers.routes import Customers
from controller.api.compat.uptimeify.details.routes import detail_routes
from controller.api.compat.uptimeify.escalation import schemas as escalation_schemas
from controller.api.compat.uptimeify.escalation.routes import EscalationConfig
from controller.api.compat.uptimeify.incidents import actions, history_items
from controller.api.compat.uptimeify.incidents import routes as incidents
from controller.api.compat.uptimeify.incidents.histories import incident_routes
from controller.api.compat.uptimeify.maintenance import routes as maintenance
from controller.api.compat.uptimeify.maintenance import schemas as maintenance_schemas
from controller.api.compat.uptimeify.monitor_groups import GROUPS
from controller.api.compat.uptimeify.monitors import answers
from controller.api.compat.uptimeify.monitors.routes import monitor_routes
from controller.api.compat.uptimeify.organization import routes as organization
from controller.api.compat.uptimeify.organization import schemas as organization_schemas
from controller.api.compat.uptimeify.packages import schemas as package_schemas
from controller.api.compat.uptimeify.packages.routes import PackageConfigs
from controller.api.compat.uptimeify.policies.routes import policy_routes
from controller.api.compat.uptimeify.sessions import routes as sessions
from controller.api.compat.uptimeify.sessions import schemas as session_schemas
from controller.api.compat.uptimeify.tags import routes as tags
from controller.api.compat.uptimeify.tags import schemas as tag_schemas
from controller.api.compat.uptimeify.tokens import routes as tokens
from controller.api.compat.uptimeify.tokens import schemas as token_schemas
from controller.api.compat.uptimeify.users import routes as users
from controller.api.compat.uptimeify.users import schemas as user_schemas
from controller.api.v1.incidents import schemas as incident_actions

_OF_EACH_GROUP = (monitor_routes, check_routes, detail_routes, incident_routes, policy_routes)

ROUTES: list[ControllerRouterHandler] = [
    *(routes(group) for group in GROUPS for routes in _OF_EACH_GROUP),
    Customers,
    channels.Channels,
    EscalationConfig,
    PackageConfigs,
    maintenance.MaintenanceWindows,
    tags.Tags,
    incidents.Incidents,
    actions.IncidentChanges,
    *sessions.ROUTES,
    *users.ROUTES,
    *organization.ROUTES,
    *tokens.ROUTES,
]

BODIES: tuple[type[msgspec.Struct], ...] = (
    *(body for group in GROUPS for body in group.bodies),
    answers.UptimeifyMonitorPage,
    *(answer for group in GROUPS for answer in group.answers),
    *(group.triggered for group in GROUPS),
    answers.DeleteAnswer,
    *(group.history[0] for group in GROUPS),
    *(group.details[0] for group in GROUPS),
    history_items.IncidentHistory,
    history_items.AlertHistory,
    *incidents.BODIES,
    *incident_actions.BODIES,
    *customers.BODIES,
    *channels.BODIES,
    *escalation_schemas.BODIES,
    *package_schemas.BODIES,
    *maintenance_schemas.BODIES,
    *tag_schemas.BODIES,
    *session_schemas.BODIES,
    *user_schemas.BODIES,
    *organization_schemas.BODIES,
    *token_schemas.BODIES,
)
