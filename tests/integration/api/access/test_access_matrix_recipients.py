"""Who may do what with recipients, their groups, packages, test alerts, tests, custom properties and reports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.access.roles import RIGHTS, SAMPLE, CallerClients, open_caller_clients
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api

EVERYBODY = frozenset(RIGHTS)
OF_OWN = EVERYBODY - {"readonly of none"}
ADMINS = frozenset({"organization token", "admin", "global admin"})
"""Who manages the channels of the whole organization, which groups are about."""

OWNERS = ADMINS | {"admin of one customer"}
"""Who manages the channels of our first customer."""

MAKERS = {
    caller for caller in RIGHTS if caller not in ("global supporter", "readonly of one customer", "readonly of none")
}
RECIPIENTS, GROUPS, PROPERTIES = "/api/v3/recipients", "/api/v3/notifier-groups", "/api/v3/properties"
OUR_GROUPS, PACKAGES = "/api/v1/recipient-groups", "/api/v1/packages"
TEST = {"method_id": 6, "recipient": "+4930123456"}

# The last item holds the callers that get an answer; all others get 403. The test fills in the names in braces.
ROUTES: list[tuple[str, str, Any, frozenset[str] | set[str]]] = [
    ("GET", RECIPIENTS, None, EVERYBODY),
    ("POST", RECIPIENTS, {"name": "N", "recipient": "a@example.com"}, ADMINS),
    ("GET", f"{RECIPIENTS}/{{recipient}}", None, OF_OWN),
    ("PATCH", f"{RECIPIENTS}/{{recipient}}", {"notify_on_clear": True}, OWNERS),
    ("DELETE", f"{RECIPIENTS}/{{recipient}}", None, OWNERS),
    ("GET", GROUPS, None, ADMINS),
    ("POST", GROUPS, {"name": "G"}, ADMINS),
    ("GET", f"{GROUPS}/{{group}}", None, ADMINS),
    ("PATCH", f"{GROUPS}/{{group}}", {"is_default": False}, ADMINS),
    ("DELETE", f"{GROUPS}/{{group}}", None, ADMINS),
    ("GET", OUR_GROUPS, None, ADMINS),
    ("POST", OUR_GROUPS, {"name": "G"}, ADMINS),
    ("GET", f"{OUR_GROUPS}/{{our_group}}", None, ADMINS),
    ("PATCH", f"{OUR_GROUPS}/{{our_group}}", {"isDefault": False}, ADMINS),
    ("DELETE", f"{OUR_GROUPS}/{{our_group}}", None, ADMINS),
    ("GET", PACKAGES, None, EVERYBODY),
    ("POST", PACKAGES, {"key": "{key}"}, ADMINS),
    ("GET", f"{PACKAGES}/{{package}}", None, EVERYBODY),
    ("PATCH", f"{PACKAGES}/{{package}}", {"notes": "N"}, ADMINS),
    ("DELETE", f"{PACKAGES}/{{package}}", None, ADMINS),
    ("POST", "/api/v3/test-notifiers", TEST, ADMINS),
    ("GET", PROPERTIES, None, EVERYBODY),
    ("GET", f"{PROPERTIES}/{{property}}", None, OF_OWN),
    ("POST", "/api/v3/property", {}, MAKERS),
    ("PATCH", f"{PROPERTIES}/{{property}}", {}, MAKERS),
    ("DELETE", f"{PROPERTIES}/{{property}}", None, MAKERS),
    *(
        ("GET", f"/api/v3/report-api/{name}/{{customer}}", None, OF_OWN)
        for name in ("detail", "outage", "sla", "sitestatus")
    ),
]
NAMED = ("recipient", "group", "our_group", "package", "property", "customer")


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def _no_requests_counted(api: Api) -> None:
    await api.value("DELETE FROM request_count")


@pytest.mark.parametrize("caller", SAMPLE)
@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"), ROUTES, ids=[f"{method} {path}" for method, path, _, _ in ROUTES]
)
async def test_every_route(
    clients: CallerClients, caller: str, method: str, path: str, body: Any, allowed: frozenset[str] | set[str]
) -> None:
    customer = await clients.api.value("SELECT id FROM customer WHERE public_id = $1::uuid", CUSTOMER)
    monitor = (await clients.monitor("own"))["id"]

    async def made(path: str, body: dict[str, Any]) -> str:
        answer = await clients.request("admin", "POST", path, body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    recipient = await made(RECIPIENTS, {"name": "N", "recipient": "a@example.com", "customer_id": customer})
    members = {"monitors": [{"id": monitor}], "recipients": [{"id": int(recipient)}]}
    label = {"name": uuid4().hex, "value": "a", "monitors": [monitor]}
    group, package = await made(GROUPS, {"name": "G", **members}), uuid4().hex
    await clients.request("admin", "PATCH", f"/api/package-configs/{package}", {})
    ids = "SELECT public_id::text FROM {} WHERE id = $1::text::bigint"
    channel = await clients.api.value(ids.format("notification_channel"), recipient)
    filled = path.format(
        recipient=recipient,
        group=group,
        our_group=await clients.api.value(ids.format("recipient_group"), group),
        package=package,
        property=await made("/api/v3/property", label),
        customer=customer,
    )
    body = {**body, **members} if (method, path) == ("POST", GROUPS) else body
    if (method, path) == ("POST", OUR_GROUPS):
        body = {**body, "monitorIds": [(await clients.monitor("own"))["publicId"]], "channelIds": [channel]}
    body = {"key": uuid4().hex} if (method, path) == ("POST", PACKAGES) else body
    body = label if path == "/api/v3/property" else body
    body = {"name": uuid4().hex} if (method, body) == ("PATCH", {}) else body
    named = {"organizationId": ORGANIZATION} if "global" in caller and "{" not in path else {}
    named |= {"organizationId": ORGANIZATION} if "global" in caller and "{" in path else {}
    answer = await clients.request(caller, method, filled, body, **named)
    if caller in allowed:
        assert answer.is_success, answer.text
    else:
        assert answer.status_code in (403, 404), answer.text


async def test_only_who_may_trigger_checks_runs_tests(clients: CallerClients) -> None:
    monitor = (await clients.monitor("own"))["id"]
    for caller in SAMPLE:
        answer = await clients.request(caller, "GET", "/api/v3/tests", monitor_id=monitor)
        assert (answer.status_code == 403) is (caller not in MAKERS), (caller, answer.text)
