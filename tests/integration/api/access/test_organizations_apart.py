"""What belongs to an organization is nowhere found, shown or changed by people and tokens of another one, on any route.

Live events are tested in stream/test_stream_scope.py and pages/live/test_live.py, subscribers of NATS in
tests/integration/subscribers.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar.routes import HTTPRoute

from controller.http.auth import FOR_PEOPLE
from controller.model import Role
from tests.integration.api.access.two_organizations import MARK, Harbour, furnish, open_strangers
from tests.integration.api.conftest import Api
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import browsing
from tests.integration.table_rows import rows_of

STREAMS = {"/api/results/stream", "/api/events/stream", "/api/v1/stream", "/live"}
"""They do not end, so only their head is requested."""
SHOWING = {
    *("/", "/account", "/incidents", "/incidents/unpaged", "/incidents/{public_id}", "/monitors/{public_id}"),
    *("/incident-groups/{public_id}", "/api/v1/incident-groups", "/api/v1/incident-groups/{public_id}"),
    *("/monitors/new", "/monitors/{monitor_id}/checks/{check_id}", "/api/results", "/api/results?format=csv"),
    *("/api/smtp-monitors", "/api/smtp-monitors/{public_id}", "/api/smtp-monitors/{public_id}/details"),
    *("/api/smtp-monitors/{public_id}/incident-history", "/api/smtp-monitors/{public_id}/alert-history"),
    *("/api/imap-pop-monitors", "/api/imap-pop-monitors/{public_id}", "/api/v3/monitors", "/api/v3/monitors/{id}"),
    *("/api/v1/monitors/{public_id}", "/api/v1/monitors/by-key/{project}/{external_key}"),
    *("/api/incidents", "/api/incidents/{public_id}", "/api/customers", "/api/customers/{customer_id}"),
    *("/api/organization", "/api/organizations/{public_id}", "/api/users", "/api/users/{public_id}", "/api/v1/audit"),
    *("/api/v1/incidents", "/api/v1/incidents/{public_id}", "/api/v1/results", "/api/v1/results?format=ndjson"),
    *("/api/v1/monitors/{public_id}/results", "/api/v1/monitors/{public_id}/uptime"),
    *("/api/v1/customers", "/api/v1/customers/{public_id}", "/api/v1/organizations/{public_id}", "/api/v1/account"),
    *("/api/v1/users", "/api/v1/users/{public_id}", "/api/v1/channels", "/api/v1/channels/{public_id}"),
    *("/api/v1/tokens", "/api/v1/tokens/{public_id}", "/api/v1/screens", "/api/v1/screens/{public_id}"),
    *("/settings/screens", "/settings/screens/{public_id}/revoke", "/wall"),
    *("/api/v1/rotas", "/settings/rotas", "/settings/rotas/{public_id}", "/settings/escalation/{public_id}"),
    *(f"/api/v1/rotas/{{public_id}}{end}" for end in ("", "/on-call", "/on-call.ics", "/overrides")),
    *("/api/v1/escalation-policies", "/api/v1/escalation-policies/{public_id}", "/settings/escalation"),
    *("/api/organization/tokens", "/api/customer/tokens", "/api/notification-channels", "/api/v3/report-sitestatus"),
    *("/settings/people", "/settings/people/{public_id}", "/settings/tokens", "/settings/organization"),
    *("/settings/customers", "/settings/customers/{public_id}", "/settings/customers/{public_id}/messages"),
    *("/api/v1/monitors", "/api/v1/saved-filters", "/api/v1/saved-filters/{public_id}"),
    *("/api/v1/channels/{public_id}/deliveries", "/settings/channels", "/settings/channels/{public_id}"),
    *("/settings/audit", "/settings/labels", "/api/v1/maintenance-windows", "/api/v1/maintenance-windows/{public_id}"),
    *("/monitors/{public_id}/edit", "/monitors/{public_id}/duplicate", "/monitors/{public_id}/delete"),
    *("/api/maintenance-windows", "/api/maintenance-windows/{window_id}", "/api/tags"),
    *("/api/v1/monitors/{public_id}/facts", "/api/v1/fact-changes", "/changes", "/api/v1/recipient-groups/{public_id}"),
}
"""Paths whose answers hold the mark, for those who may see it."""
TABLES = (
    *("organization", "customer", "account", "api_token", "monitor", "incident", "incident_change", "delivery"),
    *(
        "notification_channel",
        "session",
        "account_defaults",
        "login_code",
        "screen_token",
        "sign_on",
        "sign_on_identity",
        "saved_filter",
        "fact_change",
        "server_fact",
        "maintenance_window",
        "maintenance_target",
        "calendar_feed",
        "rota",
        "rota_override",
        "escalation_policy",
        "tag",
        "tagged_monitor",
    ),
)
BODIES: dict[str, Any] = {
    "policy": {"quorum": "any"},
    "preview": {"quorum": "any"},
    "acknowledge": {"comment": "mine"},
    "comments": {"comment": "mine"},
    "resolve": {"reason": "mine"},
    "/api/v1/organizations/{public_id}": {"keepResultsDays": 7},
    "rotate-key": {"keepOldKeys": 60},
    "prolong": {"minutes": 60},
    "/api/v1/discoveries": {"address": "mail.example.com:587"},
    "/api/v1/trials": {"target": {"kind": "smtp", "host": "mail.example.com"}},
    "/api/v1/monitors/bulk": {"filter": {"kind": ["smtp", "imap"]}, "change": {"delete": True}},
    "/api/v1/users/{public_id}": {"email": "mine@example.com"},
    "overrides": {"from": "2099-01-01T00:00:00Z", "to": "2099-01-02T00:00:00Z", "person": "m"},
    **{name: {"enabled": False} for name in ("reminders", "grouping")},
    "dependencies": {"dependsOn": []},
    "/api/v1/channels/{public_id}": {"name": "mine", "config": {"type": "email", "to": ["mine@example.com"]}},
    "/api/v1/maintenance-windows/{public_id}": {
        "name": "mine",
        "start": "2027-01-05T22:00",
        "end": "2027-01-05T23:00",
        "targets": {"organization": True},
    },
    "test": {"dryRun": True},
    "/api/v1/monitors/{public_id}": {"name": "mine", "target": {"kind": "smtp", "host": "mail.example.com"}},
}
"""A valid body for this path, or for each that ends so; a new name for every other one."""

NO_OTHERS = {("PUT", "/api/v1/monitors/by-key/{project}/{external_key}")}
NO_OTHERS |= {("PATCH", "/api/package-configs/{package_type}")}
"""Writes that cannot name a thing of another organization, whose keys are free to everybody else."""


def body_for(path: str) -> Any:
    return BODIES.get(path) or BODIES.get(path.rpartition("/")[2]) or {"name": "mine"}


@pytest.fixture(scope="module")
async def harbour(api: Api) -> Harbour:
    return await furnish(api)


@pytest.fixture(scope="module")
async def strangers(api: Api) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with open_strangers(api) as clients:
        yield clients


def routes(api: Api) -> list[tuple[str, str, bool]]:
    """Method and path of every route, and whether it is a page."""
    return sorted(
        (method, route.path_format, bool(handler.opt.get(FOR_PEOPLE)))
        for route in api.application.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/schema", "/static"))
        for handler in route.route_handlers
        for method in map(str, handler.http_methods)
        if method != "OPTIONS"
    )


def leaked(harbour: Harbour, answer: httpx.Response, sent: str = "") -> list[str]:
    """What the answer tells of the organization. What the caller sent is no news."""
    text = f"{answer.headers}\n{answer.text}"
    return [mark for mark in harbour.marks if mark in text and mark not in sent]


async def state_of(api: Api) -> dict[str, list[str]]:
    """All rows of each table, without what changes by itself."""
    async with api.database.connection() as connection:
        found = await connection.fetch(
            "SELECT table_name::text AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns"
            " FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name NOT IN ('last_used_at', 'last_login_at', 'idle_until') GROUP BY table_name"
        )
        columns = {row["name"]: row["columns"] for row in found}
        return {table: await rows_of(connection, table, columns[table]) for table in TABLES}


async def test_its_own_people_find_it_everywhere(api: Api, harbour: Harbour) -> None:
    """The marks by which the other tests search are really shown."""
    admin = await person(api, Role.ADMIN, organization=harbour.number)
    async with browsing(api, admin) as browser:
        for path in SHOWING:
            target = harbour.filled(path)
            answer = await browser.client.get(target)
            assert answer.status_code == 200, path
            assert leaked(harbour, answer, target), path


async def test_no_route_shows_any_of_it(api: Api, harbour: Harbour, strangers: dict[str, httpx.AsyncClient]) -> None:
    for caller, client in strangers.items():
        for method, path, _ in routes(api):
            if method != "GET":
                continue
            target = harbour.filled(path)
            for accept in ("text/html", "application/json"):
                sent = await client.request(
                    "HEAD" if path in STREAMS else "GET", target, headers={"Accept": accept}, follow_redirects=False
                )
                assert not leaked(harbour, sent, target), (caller, path)
                assert sent.status_code < 500, (caller, path)
                if target != path:
                    assert sent.status_code in {403, 404, 303}, (caller, path)
                    assert sent.status_code == 404 or "token" in caller + path or "reads" in caller, (caller, path)


async def test_no_query_finds_any_of_it(api: Api, harbour: Harbour, strangers: dict[str, httpx.AsyncClient]) -> None:
    smtp = harbour.monitors["smtp"]
    queries: list[dict[str, Any]] = [
        {"organizationId": harbour.number},
        {"organization": harbour.public_id},
        *({name: harbour.customer[key]} for name in ("customerId", "customer") for key in ("id", "publicId")),
        *({name: smtp[key]} for name in ("monitorId", "monitor", "monitors") for key in ("id", "publicId")),
        *({name: MARK} for name in ("search", "q", "hostname", "name")),
    ]
    client = strangers["an admin"]
    for method, path, _ in routes(api):
        if method != "GET" or "{" in path:
            continue
        for query in queries:
            answer = await client.request("HEAD" if path in STREAMS else "GET", path, params=query)
            assert not leaked(harbour, answer, str(query)), (path, query)
            assert answer.status_code < 500, (path, query)


async def test_no_route_changes_any_of_it(api: Api, harbour: Harbour, strangers: dict[str, httpx.AsyncClient]) -> None:
    before = await state_of(api)
    for caller, client in strangers.items():
        for method, path, page in routes(api):
            if method == "GET" or "{" not in path or page or (method, path) in NO_OTHERS:
                continue
            target = harbour.filled(path)
            body = None if method == "DELETE" else body_for(path)
            answer = await client.request(method, target, json=body)
            assert not leaked(harbour, answer, target), (caller, method, path)
            secret = "token" not in caller and "reads" not in caller and "/locations/" not in path
            refused = {404} if secret else {403, 404}
            assert answer.status_code in refused, (caller, method, path, answer.text)
    assert await state_of(api) == before


@pytest.mark.parametrize("organization", ["Strange", "Ours"])
async def test_no_form_changes_any_of_it(api: Api, harbour: Harbour, organization: str) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, organization))
    before = await state_of(api)
    async with browsing(api, admin) as browser:
        for method, path, page in routes(api):
            if method == "POST" and "{" in path and page:
                action = path.rpartition("/")[2]
                fields = {"resolve": {"reason": "mine"}, "check": {}}.get(action, {"comment": "mine"})
                shared = path.startswith("/locations/")  # locations belong to no organization
                answer = await browser.post(harbour.filled(path), follow=False, **({} if shared else fields))
                refused = {403, 404} if shared else {404}
                assert answer.status in refused, path
                assert MARK not in answer.text, path
        ended = await browser.post("/account/sessions/end", follow=False, session=harbour.session)
        assert ended.status == 404
        other = await browser.post("/organization", follow=False, organization=str(harbour.number))
        assert other.status in {403, 404}
        new = await browser.post(
            "/monitors/new",
            follow=False,
            host="a.example.com",
            customer=harbour.filled("/api/customers/{customer_id}").rpartition("/")[2],
        )
        assert new.status in {400, 404}
    assert await state_of(api) == before


async def test_nothing_new_can_be_attached_to_it(
    api: Api, harbour: Harbour, strangers: dict[str, httpx.AsyncClient]
) -> None:
    monitor = {"name": "mine", "hostname": "mail.example.com"}
    alert = {"type": "email", "name": "mine", "config": {"email": "mine@example.com"}}
    ours = {"name": "mine", "config": {"type": "email", "to": ["mine@example.com"]}}
    email = f"{uuid4().hex}@example.com"
    before = await state_of(api)
    for caller, client in strangers.items():
        for customer in (harbour.customer["id"], harbour.customer["publicId"]):
            for path, body in (
                ("/api/smtp-monitors", {**monitor, "customerId": customer}),
                ("/api/imap-pop-monitors", {**monitor, "customerId": customer}),
                ("/api/v3/monitors/email-smtp", {**monitor, "customer_id": customer, "billing_plancode": "UBM - A/A"}),
                ("/api/notification-channels", {**alert, "customerId": customer}),
                ("/api/organization/tokens", {"name": "mine", "customerId": customer}),
                ("/api/customer/tokens", {"name": "mine", "customerId": customer}),
                ("/api/users", {"email": email, "customerIds": [customer]}),
                ("/api/v1/users", {"email": email, "customerIds": [harbour.customer["publicId"]]}),
                ("/api/v1/tokens", {"name": "mine", "scope": "read", "customerId": harbour.customer["publicId"]}),
                ("/api/v1/screens", {"name": "mine", "wall": {"customerId": harbour.customer["publicId"]}}),
                ("/api/v1/channels", {**ours, "customerId": harbour.customer["publicId"]}),
                ("/api/v1/channels", {**ours, "monitorId": harbour.monitors["smtp"]["publicId"]}),
                ("/api/v1/channels", {**ours, "sourceChannelId": harbour.public_ids["channel"]}),
                ("/api/v1/channels/test", {"config": ours["config"], "customerId": harbour.customer["publicId"]}),
                ("/api/v1/channels/test", {"config": ours["config"], "sourceChannelId": harbour.public_ids["channel"]}),
            ):
                answer = await client.post(path, json=body)
                assert answer.status_code in {400, 403, 404}, (caller, path, answer.text)
                assert not leaked(harbour, answer, str(body)), (caller, path)
        for path, body in (
            ("/api/customers", {"name": "mine", "email": None, "organizationId": harbour.number}),
            ("/api/notification-channels", {**alert, "monitorId": harbour.monitors["smtp"]["publicId"]}),
            ("/api/notification-channels/test", {"channelId": harbour.channel}),
            ("/api/v1/organizations", {"name": "mine"}),
        ):
            answer = await client.post(path, json=body)
            assert answer.status_code in {400, 403, 404}, (caller, path, answer.text)
            assert not leaked(harbour, answer, str(body)), (caller, path)
        for path in ("/api/organization", "/api/users", "/api/customers", "/api/organization/policy"):
            method = "PATCH" if path.startswith("/api/organization") else "POST"
            body = {"name": "mine", "email": email} if path != "/api/organization/policy" else {"quorum": "any"}
            named = await client.request(method, path, params={"organizationId": harbour.number}, json=body)
            assert named.status_code in {400, 403, 404}, (caller, path, named.text)
    assert await state_of(api) == before


def test_every_identifier_in_a_path_is_one_of_it(api: Api, harbour: Harbour) -> None:
    """A new route with another parameter makes `filled` raise LookupError, until two_organizations.py knows it."""
    for _, path, _ in routes(api):
        assert not re.search(r"[{}]", harbour.filled(path))
