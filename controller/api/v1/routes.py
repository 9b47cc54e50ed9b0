"""All routes of our own API, and what holds for each of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.handlers import BaseRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.account import routes as account
from controller.api.v1.audit import routes as audit
from controller.api.v1.calendar_feeds import routes as calendar_feeds
from controller.api.v1.channels import deliveries as channel_deliveries
from controller.api.v1.channels import routes as channels
from controller.api.v1.channels import trying, unsubscribed
from controller.api.v1.customers import routes as customers
from controller.api.v1.discoveries import routes as discoveries
from controller.api.v1.escalation import routes as escalation_policies
from controller.api.v1.facts import routes as facts
from controller.api.v1.incident_groups import listing as listed_groups
from controller.api.v1.incident_groups import routes as incident_groups
from controller.api.v1.incidents import actions as incident_actions
from controller.api.v1.incidents import routes as incidents
from controller.api.v1.layered_settings import routes as layered_settings
from controller.api.v1.locations import effects as location_effects
from controller.api.v1.locations import managing as managing_locations
from controller.api.v1.locations import reading as reading_locations
from controller.api.v1.maintenance import acts as maintenance_acts
from controller.api.v1.maintenance import calendar as maintenance_calendar
from controller.api.v1.maintenance import routes as maintenance_windows
from controller.api.v1.monitors import by_key as monitors_by_key
from controller.api.v1.monitors import routes as monitors
from controller.api.v1.monitors.many import routes as many_monitors
from controller.api.v1.one_monitor import chart, checks, dependencies, monitor_results, state, uptime
from controller.api.v1.organizations import routes as organizations
from controller.api.v1.packages import routes as packages
from controller.api.v1.policies import levels as policies
from controller.api.v1.policies import preview as policy_preview
from controller.api.v1.recipient_groups import routes as recipient_groups
from controller.api.v1.results import listing as results
from controller.api.v1.rotas import overrides as rota_overrides
from controller.api.v1.rotas import routes as rotas
from controller.api.v1.saved_filters import routes as saved_filters
from controller.api.v1.screens import routes as screens
from controller.api.v1.sign_on import routes as sign_on
from controller.api.v1.sign_on import trying as trying_sign_on
from controller.api.v1.stream import v1_stream
from controller.api.v1.tokens import routes as tokens
from controller.api.v1.trials import routes as trials
from controller.api.v1.users import letting_in
from controller.api.v1.users import routes as users
from controller.errors import InvalidError
from controller.http.event_stream import UNCOMPRESSED
from controller.http.idempotency import earlier_answer, remembering_answers
from controller.model import Principal

_RESOURCES = (
    account,
    audit,
    calendar_feeds,
    channel_deliveries,
    unsubscribed,
    channels,
    chart,
    checks,
    customers,
    dependencies,
    discoveries,
    escalation_policies,
    facts,
    incident_actions,
    incident_groups,
    incidents,
    layered_settings,
    letting_in,
    listed_groups,
    location_effects,
    maintenance_acts,
    maintenance_calendar,
    maintenance_windows,
    managing_locations,
    many_monitors,
    monitor_results,
    monitors,
    monitors_by_key,
    organizations,
    packages,
    policies,
    policy_preview,
    reading_locations,
    recipient_groups,
    results,
    rota_overrides,
    rotas,
    screens,
    saved_filters,
    sign_on,
    state,
    tokens,
    trials,
    trying,
    trying_sign_on,
    uptime,
    users,
    v1_stream,
)
"""Modules with ROUTES, and the BODIES that these read and answer."""

_GZIP = CompressionConfig(backend="gzip", gzip_compress_level=5, exclude_opt_key=UNCOMPRESSED)

ROUTES: list[ControllerRouterHandler] = [route for resource in _RESOURCES for route in resource.ROUTES]
BODIES: tuple[type[msgspec.Struct], ...] = tuple(body for resource in _RESOURCES for body in resource.BODIES)


def create_v1() -> Router:
    return Router(
        "/",
        route_handlers=ROUTES,
        middleware=[DefineMiddleware(CompressionMiddleware, config=_GZIP), remembering_answers],
        before_request=_before,
    )


async def _before(request: Request[Principal, Any, Any]) -> Response[bytes] | None:
    """Raises InvalidError, AlreadyExistsError."""
    _require_known_parameters(request)
    return await earlier_answer(request)


def _require_known_parameters(request: Request[Any, Any, Any]) -> None:
    """Refuse a parameter that the route does not have, because a misspelled filter would otherwise find everything.
    Raises InvalidError.
    """
    known = _parameters_of(request.scope["route_handler"])
    for name in request.query_params:
        if name not in known:
            raise InvalidError(name[:50], f"is not a parameter of this route: {', '.join(known) or 'it has none'}")


@lru_cache
def _parameters_of(handler: BaseRouteHandler) -> list[str]:
    """The names that callers use."""
    parameters = handler.parsed_fn_signature.parameters.items()
    return sorted(
        parameter.kwarg_definition.name or name
        for name, parameter in parameters
        if isinstance(parameter.kwarg_definition, QueryParameter)
    )
