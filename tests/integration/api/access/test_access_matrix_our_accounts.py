"""Which caller may do what to customers, people, tokens, channels and organizations by our own API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from controller.model import Role
from tests.integration.api.access.roles import PEOPLE, RIGHTS, SAMPLE, CallerClients, open_caller_clients
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, OTHER_CUSTOMER, Api
from tests.integration.api.people import person


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


EVERYBODY = frozenset(RIGHTS)
WIDE = {"organization token", "admin", "user", "editor", "global supporter", "global admin"}
OF_OWN = EVERYBODY - {"readonly of none"}
MANAGERS = {"organization token", "admin", "global admin"}
MANAGERS_OF_OWN = MANAGERS | {"admin of one customer"}
ADMINS = {"admin", "global admin"}
MAKERS = ADMINS | {
    *("user", "editor", "admin of one customer", "user of one customer", "editor of one customer"),
}
SCREEN_MAKERS = ADMINS | {"admin of one customer"}
SHARING = ADMINS | {"user", "editor"}
CHANNEL: dict[str, Any] = {"name": "N", "config": {"type": "email", "to": ["a@example.net"]}}
STEP: dict[str, Any] = {"afterMinutes": 5, "channelIds": ["{channel}"]}
OWN_STEP: dict[str, Any] = {"afterMinutes": 5, "channelIds": ["{own_channel}"]}
OVERRIDE = {"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z", "person": "{person}"}
TRIED = {"config": CHANNEL["config"], "dryRun": True}
EMAIL = {"email": "{email}", "password": "long enough"}

NAMED = (
    *("organization", "own", "other", "user", "token", "whole_token", "channel", "own_channel", "session"),
    *("screen", "filter", "policy", "rota", "override", "address"),
)

# The last item holds the callers that get an answer; all others get 403. The test fills in the names in braces.
ROUTES: list[tuple[str, str, Any, frozenset[str] | set[str]]] = [
    ("GET", "/api/v1/organizations", None, EVERYBODY),
    ("POST", "/api/v1/organizations", {"name": "{name}"}, {"global admin"}),
    ("GET", "/api/v1/organizations/{organization}", None, EVERYBODY),
    ("PATCH", "/api/v1/organizations/{organization}", {"keepResultsDays": 20, "dryRun": True}, MANAGERS),
    ("PATCH", "/api/v1/organizations/{organization}", {"defaults": {"timeout": 20}}, MANAGERS),
    ("GET", "/api/v1/customers", None, EVERYBODY),
    ("POST", "/api/v1/customers", {"name": "N"}, MANAGERS),
    ("GET", "/api/v1/customers/{own}", None, OF_OWN),
    ("GET", "/api/v1/customers/{other}", None, WIDE),
    ("PATCH", "/api/v1/customers/{own}", {"monthlyReportsEnabled": True}, MANAGERS_OF_OWN),
    ("PATCH", "/api/v1/customers/{other}", {"monthlyReportsEnabled": True}, MANAGERS),
    ("PUT", "/api/v1/customers/{own}", {"name": "Example Customer"}, MANAGERS_OF_OWN),
    ("PUT", "/api/v1/customers/{other}", {"name": "Other Customer"}, MANAGERS),
    ("GET", "/api/v1/users", None, PEOPLE),
    ("POST", "/api/v1/users", EMAIL, ADMINS),
    ("GET", "/api/v1/users/{user}", None, ADMINS),
    ("PATCH", "/api/v1/users/{user}", {"firstName": "A"}, ADMINS),
    ("PUT", "/api/v1/users/{user}", EMAIL, ADMINS),
    ("POST", "/api/v1/users/{user}/login-link", None, ADMINS),
    ("DELETE", "/api/v1/users/{user}/sessions", None, ADMINS),
    ("DELETE", "/api/v1/users/{user}", None, ADMINS),
    ("GET", "/api/v1/tokens", None, MAKERS),
    ("POST", "/api/v1/tokens", {"name": "T", "scope": "read"}, ADMINS),
    ("POST", "/api/v1/tokens", {"name": "T", "scope": "write", "customerId": CUSTOMER}, MAKERS),
    (
        "POST",
        "/api/v1/tokens",
        {"name": "T", "scope": "admin", "customerId": CUSTOMER},
        ADMINS | {"admin of one customer"},
    ),
    (
        "POST",
        "/api/v1/tokens",
        {"name": "T", "scope": "read", "customerId": OTHER_CUSTOMER},
        ADMINS | {"user", "editor"},
    ),
    ("GET", "/api/v1/tokens/{token}", None, MAKERS),
    ("DELETE", "/api/v1/tokens/{token}", None, MAKERS),
    ("GET", "/api/v1/screens", None, SCREEN_MAKERS),
    ("POST", "/api/v1/screens", {"name": "S"}, SCREEN_MAKERS),
    ("POST", "/api/v1/screens", {"name": "S", "wall": {"customerId": CUSTOMER}}, SCREEN_MAKERS),
    ("GET", "/api/v1/screens/{screen}", None, SCREEN_MAKERS),
    ("DELETE", "/api/v1/screens/{screen}", None, SCREEN_MAKERS),
    ("GET", "/api/v1/channels", None, EVERYBODY),
    ("POST", "/api/v1/channels", CHANNEL, MANAGERS),
    ("POST", "/api/v1/channels", CHANNEL | {"customerId": CUSTOMER}, MANAGERS_OF_OWN),
    ("POST", "/api/v1/channels/test", TRIED, MANAGERS),
    ("POST", "/api/v1/channels/test", TRIED | {"customerId": CUSTOMER}, MANAGERS_OF_OWN),
    ("GET", "/api/v1/channels/{channel}", None, WIDE),
    ("GET", "/api/v1/channels/{own_channel}", None, OF_OWN),
    ("PATCH", "/api/v1/channels/{channel}", {"priority": 2}, MANAGERS),
    ("PATCH", "/api/v1/channels/{own_channel}", {"priority": 2}, MANAGERS_OF_OWN),
    ("PUT", "/api/v1/channels/{channel}", CHANNEL, MANAGERS),
    ("PUT", "/api/v1/channels/{own_channel}", CHANNEL, MANAGERS_OF_OWN),
    ("POST", "/api/v1/channels/{channel}/test", {"dryRun": True}, MANAGERS),
    ("POST", "/api/v1/channels/{own_channel}/test", {"dryRun": True}, MANAGERS_OF_OWN),
    ("DELETE", "/api/v1/channels/{channel}", None, MANAGERS),
    ("DELETE", "/api/v1/channels/{own_channel}", None, MANAGERS_OF_OWN),
    ("GET", "/api/v1/channels/{channel}/deliveries", None, WIDE),
    ("GET", "/api/v1/channels/{own_channel}/deliveries", None, OF_OWN),
    ("GET", "/api/v1/channels/{channel}/unsubscribed", None, MANAGERS),
    ("GET", "/api/v1/channels/{own_channel}/unsubscribed", None, MANAGERS_OF_OWN),
    ("DELETE", "/api/v1/channels/{channel}/unsubscribed/{address}", None, MANAGERS),
    ("DELETE", "/api/v1/channels/{own_channel}/unsubscribed/{address}", None, MANAGERS_OF_OWN),
    ("GET", "/api/v1/escalation-policies", None, MANAGERS_OF_OWN),
    ("POST", "/api/v1/escalation-policies", {"name": "N", "steps": [STEP]}, MANAGERS),
    (
        "POST",
        "/api/v1/escalation-policies",
        {"name": "N", "steps": [OWN_STEP], "customerId": CUSTOMER},
        MANAGERS_OF_OWN,
    ),
    ("GET", "/api/v1/escalation-policies/{policy}", None, MANAGERS_OF_OWN),
    ("PATCH", "/api/v1/escalation-policies/{policy}", {"severity": "partial"}, MANAGERS_OF_OWN),
    ("DELETE", "/api/v1/escalation-policies/{policy}", None, MANAGERS_OF_OWN),
    ("GET", "/api/v1/rotas", None, MANAGERS),
    ("POST", "/api/v1/rotas", {"name": "{name}"}, MANAGERS),
    ("GET", "/api/v1/rotas/{rota}", None, MANAGERS),
    ("GET", "/api/v1/rotas/{rota}/on-call", None, MANAGERS),
    ("GET", "/api/v1/rotas/{rota}/on-call.ics", None, MANAGERS),
    ("GET", "/api/v1/rotas/{rota}/overrides", None, MANAGERS),
    ("POST", "/api/v1/rotas/{rota}/overrides", OVERRIDE, MANAGERS),
    ("GET", "/api/v1/rotas/{rota}/overrides/{override}", None, MANAGERS),
    ("DELETE", "/api/v1/rotas/{rota}/overrides/{override}", None, MANAGERS),
    ("PATCH", "/api/v1/rotas/{rota}", {"name": "{name}"}, MANAGERS),
    ("DELETE", "/api/v1/rotas/{rota}", None, MANAGERS),
    ("GET", "/api/v1/organizations/{organization}/reminders", None, MANAGERS),
    ("PUT", "/api/v1/organizations/{organization}/reminders", {}, MANAGERS),
    ("GET", "/api/v1/customers/{own}/reminders", None, MANAGERS_OF_OWN),
    ("GET", "/api/v1/customers/{other}/reminders", None, MANAGERS),
    ("PUT", "/api/v1/customers/{own}/reminders", {}, MANAGERS_OF_OWN),
    ("GET", "/api/v1/organizations/{organization}/grouping", None, MANAGERS),
    ("PUT", "/api/v1/organizations/{organization}/grouping", {}, MANAGERS),
    ("GET", "/api/v1/customers/{own}/grouping", None, MANAGERS_OF_OWN),
    ("GET", "/api/v1/customers/{other}/grouping", None, MANAGERS),
    ("PUT", "/api/v1/customers/{own}/grouping", {}, MANAGERS_OF_OWN),
    ("GET", "/api/v1/saved-filters", None, EVERYBODY),
    ("POST", "/api/v1/saved-filters", {"name": "{name}", "query": "state=down"}, PEOPLE),
    ("POST", "/api/v1/saved-filters", {"name": "{name}", "query": "q=a", "shared": True}, SHARING),
    ("GET", "/api/v1/saved-filters/{filter}", None, EVERYBODY),
    ("PATCH", "/api/v1/saved-filters/{filter}", {"query": "state=up"}, SHARING),
    ("DELETE", "/api/v1/saved-filters/{filter}", None, SHARING),
    ("GET", "/api/v1/account", None, EVERYBODY),
    ("PATCH", "/api/v1/account", {"firstName": "A"}, PEOPLE),
    ("GET", "/api/v1/account/sessions", None, PEOPLE),
    ("DELETE", "/api/v1/account/sessions", None, PEOPLE),
    ("PUT", "/api/v1/account/password", {"password": "long enough", "currentPassword": "wrong"}, PEOPLE),
    ("DELETE", "/api/v1/account/sessions/{session}", None, PEOPLE),
]
REFUSED_OTHERWISE = {"/api/v1/account/password": 400, "/api/v1/account/sessions/{session}": 404}
"""Where a caller with the right is refused all the same: the password is wrong, and nobody has this session."""


@pytest.fixture(autouse=True)
async def _no_requests_counted(api: Api) -> None:
    await api.value("DELETE FROM request_count")
    await api.value("DELETE FROM saved_filter")


@pytest.mark.parametrize("caller", SAMPLE)
@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    ROUTES,
    ids=[f"{method} {path} {body or ''}" for method, path, body, _ in ROUTES],
)
async def test_every_route(
    clients: CallerClients, caller: str, method: str, path: str, body: Any, allowed: frozenset[str] | set[str]
) -> None:
    api, ours = clients.api, clients.organizations["Ours"]
    token = (
        "INSERT INTO api_token (organization_id, customer_id, name, token_hash, hint)"
        " VALUES ($1, $2, 'x', $3, 'wsm_') RETURNING public_id"
    )
    channel = (
        "INSERT INTO notification_channel (organization_id, customer_id, type, name, config)"
        """ VALUES ($1, $2, 'email', 'N', '{"email": "a@example.net"}') RETURNING public_id"""
    )
    screen = (
        "INSERT INTO screen_token (organization_id, customer_ids, name, view, token_hash)"
        " VALUES ($1, ARRAY[$2::bigint], 'x', '{}', $3) RETURNING public_id"
    )
    saved = "INSERT INTO saved_filter (organization_id, name, query) VALUES ($1, $2, 'state=down') RETURNING public_id"
    policy = (
        "INSERT INTO escalation_policy (organization_id, customer_id, name, severity, steps)"
        """ VALUES ($1, $2, 'x', 'down', '[{"minutes": 5, "channels": [], "rota": 1}]') RETURNING public_id"""
    )
    override = (
        "INSERT INTO rota_override (rota_id, from_at, to_at, channel_id) SELECT rota.id, now(), now() + '1 h',"
        " channel.id FROM rota, notification_channel AS channel WHERE rota.public_id = $1 AND channel.public_id = $2"
        " RETURNING public_id"
    )
    rota = "INSERT INTO rota (organization_id, name) VALUES ($1, $2) RETURNING public_id"
    somebody = await person(api, Role.USER, organization=ours)
    ids: dict[str, Any] = {
        "organization": ORGANIZATION,
        "own": CUSTOMER,
        "other": OTHER_CUSTOMER,
        "user": somebody.public_id,
        "token": await api.value(token, ours, api.customer, uuid4().bytes),
        "channel": await api.value(channel, ours, None),
        "own_channel": await api.value(channel, ours, api.customer),
        "session": uuid4(),
        "screen": await api.value(screen, ours, api.customer, uuid4().bytes),
        "filter": await api.value(saved, ours, uuid4().hex),
        "rota": await api.value(rota, ours, uuid4().hex),
        "address": "a@example.com",
    }
    ids["override"] = await api.value(override, ids["rota"], ids["channel"])
    await api.value("DELETE FROM escalation_policy")
    ids["policy"] = await api.value(policy, ours, api.customer) if "{policy}" in path else ""
    filled = path.format(**ids)
    body = _filled(body, {**ids, "person": somebody.email, "email": f"{uuid4().hex}@example.com", "name": uuid4().hex})
    answer = await clients.request(caller, method, filled, body, **_named(path, caller))
    if caller in allowed:
        expected = REFUSED_OTHERWISE.get(path)
        assert answer.status_code == expected if expected else answer.is_success, answer.text
    else:
        assert answer.status_code == 403, answer.text


def _filled(body: Any, values: Mapping[str, Any]) -> Any:
    """The body with its names in braces filled in."""
    if isinstance(body, dict):
        return {name: _filled(value, values) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(one, values) for one in body]
    known = {f"{{{name}}}": str(value) for name, value in values.items()}
    return known.get(body, body) if isinstance(body, str) else body


def _named(path: str, caller: str) -> dict[str, str]:
    """The organization that a global role must name, where a list or something new does not belong to one already."""
    apart = ("tokens", "screens", "saved-filters", "escalation-policies", "rotas")
    of_one = "{" in path and not any(name in path for name in apart)
    anywhere = path == "/api/v1/organizations" or path.startswith("/api/v1/account/") or of_one
    if "global" not in caller or anywhere or (path == "/api/v1/account"):
        return {}
    return {"organizationId": ORGANIZATION}


async def test_the_organizations_own_tokens_are_not_found_by_others(clients: CallerClients) -> None:
    number = clients.organizations["Ours"]
    whole = await clients.api.value(
        "INSERT INTO api_token (organization_id, name, token_hash, hint) VALUES ($1, 'x', $2, 'wsm_')"
        " RETURNING public_id",
        number,
        uuid4().bytes,
    )
    for caller, answered in (("user", 404), ("admin of one customer", 404), ("admin", 200)):
        assert (await clients.request(caller, "GET", f"/api/v1/tokens/{whole}")).status_code == answered
        gone = 204 if answered == 200 else answered
        assert (await clients.request(caller, "DELETE", f"/api/v1/tokens/{whole}")).status_code == gone


@pytest.mark.parametrize("path", ["customers", "users", "tokens", "channels"])
async def test_a_global_admin_must_say_which_organization_is_meant(clients: CallerClients, path: str) -> None:
    answer = await clients.request("global admin", "GET", f"/api/v1/{path}")
    assert (answer.status_code, "Organization ID is required" in answer.json()["detail"]) == (400, True)
    for unknown in ("987654321", str(uuid4()), "x"):
        refused = await clients.request("global admin", "GET", f"/api/v1/{path}", organizationId=unknown)
        assert [error["field"] for error in refused.json()["errors"]] == ["organizationId"]
