"""Every role and scope on every other route, and a test that no route is missing from the tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar.routes import HTTPRoute

from controller.http.auth import FOR_PEOPLE
from controller.model import Role
from tests.integration.api.access import test_access_matrix as monitors
from tests.integration.api.access import test_access_matrix_incidents as incidents
from tests.integration.api.access import test_access_matrix_maintenance as maintenance
from tests.integration.api.access import test_access_matrix_our_accounts as our_accounts
from tests.integration.api.access import test_access_matrix_recipients as recipients
from tests.integration.api.access.policies import ORGANIZATION_WIDE, POLICIES
from tests.integration.api.access.roles import PEOPLE, RIGHTS, SAMPLE, UPTIMEIFY, CallerClients, open_caller_clients
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.people import person


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


MAKERS = {"admin", "user", "editor", "admin of one customer", "user of one customer", "editor of one customer"}

CHANNEL: dict[str, Any] = {"type": "email", "name": "N", "config": {"email": "a@example.net"}}

NAMED = ("own", "other", "organization", "token", "user", "channel", "own_channel", "package")

# The last item holds the callers that get 200; all others get 403. The test fills in the names in braces.
ROUTES: list[tuple[str, str, Any, frozenset[str] | set[str]]] = [
    ("GET", "/api/locations", None, frozenset(RIGHTS)),
    ("GET", "/api/organization", None, frozenset(RIGHTS)),
    ("GET", "/api/organizations", None, frozenset(RIGHTS)),
    ("GET", "/api/organizations/{organization}", None, frozenset(RIGHTS)),
    ("PATCH", "/api/organization", {"city": "Berlin"}, {"organization token", "admin", "global admin"}),
    ("GET", "/api/customers", None, frozenset(RIGHTS)),
    ("GET", "/api/customers/{own}", None, frozenset(RIGHTS) - {"readonly of none"}),
    (
        "GET",
        "/api/customers/{other}",
        None,
        {*ORGANIZATION_WIDE, "global supporter", "global admin"},
    ),
    (
        "PATCH",
        "/api/customers/{own}",
        {"monthlyReportsEnabled": True},
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    (
        "PATCH",
        "/api/customers/{other}",
        {"monthlyReportsEnabled": True},
        {"organization token", "admin", "global admin"},
    ),
    *POLICIES,
    ("POST", "/api/customers", {"name": "N", "email": None}, {"organization token", "admin", "global admin"}),
    ("GET", "/api/package-configs", None, frozenset(RIGHTS)),
    ("PATCH", "/api/package-configs/{package}", {"notes": "N"}, {"organization token", "admin", "global admin"}),
    ("GET", "/api/package-configs/{package}", None, frozenset(RIGHTS)),
    ("DELETE", "/api/package-configs/{package}", None, {"organization token", "admin", "global admin"}),
    ("GET", "/api/organization/billing", None, frozenset(RIGHTS)),
    ("PATCH", "/api/organization/billing", {}, {"organization token", "admin", "global admin"}),
    ("GET", "/api/escalation-config/{organization}", None, {"organization token", "admin", "global admin"}),
    ("PATCH", "/api/escalation-config/{organization}", {}, {"organization token", "admin", "global admin"}),
    ("GET", "/api/notification-channels", None, frozenset(RIGHTS)),
    ("POST", "/api/notification-channels", CHANNEL, {"organization token", "admin", "global admin"}),
    (
        "POST",
        "/api/notification-channels",
        CHANNEL | {"customerId": CUSTOMER},
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    (
        "POST",
        "/api/notification-channels/test",
        {"type": "email", "config": CHANNEL["config"], "dryRun": True},
        {"organization token", "admin", "global admin"},
    ),
    (
        "PATCH",
        "/api/notification-channels/{channel}",
        {"priority": 2},
        {"organization token", "admin", "global admin"},
    ),
    ("DELETE", "/api/notification-channels/{channel}", None, {"organization token", "admin", "global admin"}),
    (
        "PATCH",
        "/api/notification-channels/{own_channel}",
        {"priority": 2},
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    (
        "DELETE",
        "/api/notification-channels/{own_channel}",
        None,
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    ("GET", "/api/organization/tokens", None, {"admin", "global admin"}),
    ("POST", "/api/organization/tokens", {"name": "T"}, {"admin", "global admin"}),
    (
        "POST",
        "/api/organization/tokens",
        {"name": "T", "customerId": CUSTOMER},
        {"admin", "admin of one customer", "global admin"},
    ),
    ("DELETE", "/api/organization/tokens/{token}", None, {"admin", "global admin"}),
    ("GET", "/api/customer/tokens", None, MAKERS | {"global admin"}),
    ("POST", "/api/customer/tokens", {"name": "T", "customerId": CUSTOMER}, MAKERS | {"global admin"}),
    (
        "POST",
        "/api/customer/tokens",
        {"name": "T", "customerId": OTHER_CUSTOMER},
        {"admin", "user", "editor", "global admin"},
    ),
    ("DELETE", "/api/customer/tokens/{token}", None, MAKERS | {"global admin"}),
    ("GET", "/api/users", None, PEOPLE),
    ("POST", "/api/users", {"email": "{email}", "password": "long enough"}, {"admin", "global admin"}),
    ("GET", "/api/users/{user}", None, {"admin", "global admin"}),
    ("PATCH", "/api/users/{user}", {"firstName": "A"}, {"admin", "global admin"}),
    ("DELETE", "/api/users/{user}", None, {"admin", "global admin"}),
    ("GET", "/api/session", None, PEOPLE),
    ("GET", "/metrics", None, {"organization token", "admin", "global admin"}),
    ("GET", "/api/v3/monitors", None, frozenset(RIGHTS)),
    ("GET", "/api/v3/locations", None, frozenset(RIGHTS)),
    ("GET", "/api/v3/report-sitestatus", None, frozenset(RIGHTS)),
    ("GET", "/api/v3/account-defaults", None, frozenset(RIGHTS)),
    ("PATCH", "/api/v3/account-defaults", {"interval": 15}, {"organization token", "admin", "global admin"}),
]


@pytest.mark.parametrize("caller", SAMPLE)
@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    ROUTES,
    ids=[f"{method} {path} {body or ''}" for method, path, body, _ in ROUTES],
)
async def test_every_other_route(
    clients: CallerClients, caller: str, method: str, path: str, body: Any, allowed: frozenset[str] | set[str]
) -> None:
    api, ours = clients.api, clients.organizations["Ours"]
    user = await person(api, Role.USER, organization=ours)
    token = await api.value(
        "INSERT INTO api_token (organization_id, customer_id, name, token_hash, hint)"
        " VALUES ($1, $2, 'x', $3, 'wsm_') RETURNING id",
        ours,
        api.customer,
        uuid4().bytes,
    )
    insert = (
        "INSERT INTO notification_channel (organization_id, customer_id, type, name, config)"
        """ VALUES ($1, $2, 'email', 'N', '{"email": "a@example.net"}') RETURNING id"""
    )
    new_package = (
        "INSERT INTO package (organization_id, package_type, display_name)"
        " VALUES ($1, gen_random_uuid()::text, 'P') RETURNING package_type"
    )
    channel, own_channel = await api.value(insert, ours, None), await api.value(insert, ours, api.customer)
    organization: UUID = await api.value("SELECT public_id FROM organization WHERE id = $1", ours)
    path = path.format(
        own=CUSTOMER,
        other=OTHER_CUSTOMER,
        organization=organization,
        token=token,
        user=user.public_id,
        channel=channel,
        package=await api.value(new_package, ours),
        own_channel=own_channel,
    )
    if isinstance(body, dict) and body.get("email") == "{email}":
        body = {**body, "email": f"{uuid4().hex}@example.com"}
    params = {"organizationId": ours} if "global" in caller else {}
    answer = await clients.request(caller, method, path, body, **params)
    assert answer.status_code == (200 if caller in allowed else 403), answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/api/smtp-monitors",
        "/api/imap-pop-monitors",
        "/api/customers",
        "/api/organization",
        "/api/organization/policy",
        "/api/organization/tokens",
        "/api/notification-channels",
        "/api/users",
        "/api/v3/monitors",
        "/api/v3/account-defaults",
    ],
)
async def test_a_global_admin_must_say_which_organization_is_meant(clients: CallerClients, path: str) -> None:
    answer = await clients.request("global admin", "GET", path)
    assert answer.status_code == 400
    assert "Organization ID is required" in answer.text
    unknown = await clients.request("global admin", "GET", path, organizationId=987654321)
    assert (unknown.status_code, "Invalid organizationId" in unknown.text) == (400, True)


async def test_a_global_admin_names_the_organization_of_a_new_customer_in_its_body(clients: CallerClients) -> None:
    strange = clients.organizations["Strange"]
    body = {"name": "N", "email": None, "organizationId": strange}
    answer = await clients.request("global admin", "POST", "/api/customers", body)
    assert answer.json()["customer"]["organizationId"] == strange
    for number, status in ((987654321, 400), (0, 400), (10**30, 400)):
        refused = await clients.request("global admin", "POST", "/api/customers", {**body, "organizationId": number})
        assert refused.status_code == status, refused.text
    other = await clients.request("admin", "POST", "/api/customers", body)
    assert other.status_code == 403


@pytest.mark.parametrize("caller", RIGHTS)
async def test_objects_of_another_organization_are_not_found(clients: CallerClients, caller: str) -> None:
    api, strange = clients.api, clients.organizations["Strange"]
    user = await person(api, Role.USER, organization=strange)
    organization = await api.value("SELECT public_id FROM organization WHERE id = $1", strange)
    all_organizations = RIGHTS[caller].all_organizations
    for path in (f"/api/customers/{STRANGE_CUSTOMER}", f"/api/organizations/{organization}"):
        assert (await clients.request(caller, "GET", path)).status_code == (200 if all_organizations else 404), path
    if caller in PEOPLE and caller != "global supporter":
        answer = await clients.request(caller, "GET", f"/api/users/{user.public_id}")
        assert answer.status_code == (200 if all_organizations else 404)


def test_every_route_is_in_one_of_the_tables(api: Api) -> None:
    """A new route makes this test fail until it is in a table."""
    public = {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
        ("POST", "/api/v3/access-tokens"),
        ("POST", "/hooks/{}/{}"),  # hooks/test_hooks
        *((method, f"/{what}/{{}}") for method in ("GET", "POST") for what in ("ack", "unsubscribe")),  # pages
    }
    elsewhere = {
        ("GET", "/api/results"),  # test_access_matrix_results
        ("GET", "/api/v1/results"),
        ("GET", "/api/v1/audit"),  # audit/test_audit_route
        ("GET", "/api/v1/fact-changes"),  # facts/test_facts
        *((method, "/api/v1/sign-on") for method in ("GET", "PUT", "PATCH", "DELETE")),  # test_access_matrix_sign_on
        ("POST", "/api/v1/sign-on/test"),
        *(("GET", f"/api/{name}/stream") for name in ("results", "events")),  # test_stream_scope
        ("GET", "/api/v1/stream"),
    }
    elsewhere |= {("POST", "/api/escalation-config/{}/test")}  # packages/test_documented_escalation
    for path in ("/api/v1/trials", "/api/v1/discoveries"):  # trials
        elsewhere |= {("POST", path), ("GET", f"{path}/{{}}")}
    elsewhere |= {(method, "/api/v1/locations") for method in ("GET", "POST")}  # locations
    elsewhere |= {(method, "/api/v1/locations/{}") for method in ("GET", "PATCH", "DELETE")}
    elsewhere |= {
        ("GET", "/api/v1/locations/{}/effects"),
        *(("GET", f"/calendar/{name}.ics") for name in ("maintenance", "rota")),
    }
    elsewhere |= {("POST", f"/api/v1/locations/{{}}/{act}") for act in ("rotate-key", "enable", "disable")}
    elsewhere |= {("GET", "/api/v1/monitors"), ("POST", "/api/v1/monitors/bulk")}  # our_monitors/many
    elsewhere |= {("POST", "/api/v1/monitors")}  # test_access_matrix_our_monitors
    elsewhere |= {(method, "/api/v1/monitors/{}") for method in ("GET", "PATCH", "PUT", "DELETE")}
    elsewhere |= {(method, "/api/v1/monitors/by-key/{}/{}") for method in ("GET", "PUT", "DELETE")}
    known = public | elsewhere | {(method, path) for path in UPTIMEIFY.values() for method in ("GET", "POST")}
    known |= {
        (method, f"{path}/{{}}{rest}") for path in UPTIMEIFY.values() for _, method, rest, _ in monitors.ON_ONE.values()
    }
    known |= {(method, f"/api/v1/monitors/{{}}{rest}") for _, method, rest, _ in monitors.OURS_ON_ONE.values()}
    for table in (our_accounts, maintenance, recipients):
        known |= {(method, path.format_map(dict.fromkeys(table.NAMED, "{}"))) for method, path, _, _ in table.ROUTES}
    known |= {("GET", "/api/v3/tests"), ("GET", incidents.GROUPS), ("GET", f"{incidents.GROUPS}/{{}}")}
    for path in ("/api/incidents", incidents.OURS):
        known |= {("GET", path), *((method, f"{path}/{{}}{rest}") for _, method, rest, _ in incidents.ON_ONE.values())}
    known |= {(method, path.replace("{number}", "{}")) for _, method, path, _ in monitors.ALERTSITE_ON_ONE.values()}
    known |= {
        (method, path.replace("email-smtp", name).replace("{number}", "{}"))
        for _, method, path, _ in monitors.ALERTSITE_ON_ONE.values()
        for name in ("email-imap", "email-pop")
    }
    known |= {("POST", f"/api/v3/monitors/{name}") for name in ("email-imap", "email-pop", "email-smtp")}
    known |= {(method, path.format_map(dict.fromkeys(NAMED, "{}"))) for method, path, _, _ in ROUTES}
    registered = {
        (method, _nameless(route.path_format))
        for route in api.application.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/schema", "/static"))
        for handler in route.route_handlers
        if not handler.opt.get(FOR_PEOPLE)  # tests/integration/pages
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    }
    assert registered == known


def _nameless(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
