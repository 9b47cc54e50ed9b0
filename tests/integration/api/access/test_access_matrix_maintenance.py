"""Which caller may plan maintenance by our own API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from controller.api.v1.maintenance.calendar import CalendarImport
from tests.integration.api.access.roles import PEOPLE, RIGHTS, SAMPLE, CallerClients, open_caller_clients
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, OTHER_CUSTOMER, Api

PATH = "/api/v1/maintenance-windows"
EVERYBODY = frozenset(RIGHTS)
OF_OWN = EVERYBODY - {"readonly of none"}
PLANNERS = {caller for caller in RIGHTS if caller not in ("global supporter", "readonly of none")}
TIMES = {"name": "Upgrade", "start": "2027-01-01T01:00:00", "end": "2027-01-01T02:00:00"}
OWN = {**TIMES, "targets": {"customers": [CUSTOMER]}}
CALENDAR = {"calendar": CalendarImport.EXAMPLE["calendar"], "targets": OWN["targets"], "dryRun": True}
FEEDS = "/api/v1/calendar-feeds"
UPTIMEIFY = "/api/maintenance-windows"
THEIRS = {"name": "Upgrade", "startTime": "2027-01-01T01:00:00Z", "endTime": "2027-01-01T02:00:00Z"}
BLACKOUTS = "/api/v3/blackouts"
WEEKLY = {"type": "Alert", "start_day": 1, "end_day": 1, "start_time": "01:00", "end_time": "02:00"}
TAGGERS = EVERYBODY - {"readonly of none"}
NOW = {"minutes": 5, "targets": OWN["targets"]}

# The last item holds the callers that get an answer; all others get 403. The test fills in the names in braces.
ROUTES: list[tuple[str, str, Any, frozenset[str] | set[str]]] = [
    ("GET", PATH, None, EVERYBODY),
    ("POST", PATH, OWN, PLANNERS),
    ("POST", f"{PATH}/preview", OWN, PLANNERS),
    ("POST", f"{PATH}/now", NOW, PLANNERS),
    ("GET", f"{PATH}/{{own}}", None, OF_OWN),
    ("PATCH", f"{PATH}/{{own}}", {"name": "Other"}, PLANNERS),
    ("PUT", f"{PATH}/{{own}}", OWN, PLANNERS),
    ("POST", f"{PATH}/{{own}}/start", None, PLANNERS),
    ("POST", f"{PATH}/{{lasting}}/prolong", {"minutes": 60}, PLANNERS),
    ("POST", f"{PATH}/{{lasting}}/end", None, PLANNERS),
    ("DELETE", f"{PATH}/{{own}}", None, PLANNERS),
    ("POST", f"{PATH}/import", CALENDAR, PLANNERS),
    ("GET", f"{PATH}.ics", None, EVERYBODY),
    ("GET", FEEDS, None, PEOPLE),
    ("POST", FEEDS, {"name": "Outlook"}, PEOPLE),
    ("DELETE", f"{FEEDS}/{{feed}}", None, PEOPLE),
    ("GET", UPTIMEIFY, None, EVERYBODY),
    ("POST", UPTIMEIFY, THEIRS, PLANNERS),
    ("GET", f"{UPTIMEIFY}/{{number}}", None, OF_OWN),
    ("PATCH", f"{UPTIMEIFY}/{{number}}", {"name": "Other"}, PLANNERS),
    ("DELETE", f"{UPTIMEIFY}/{{number}}", None, PLANNERS),
    ("GET", BLACKOUTS, None, EVERYBODY),
    ("POST", BLACKOUTS, WEEKLY, PLANNERS),
    ("GET", f"{BLACKOUTS}/{{number}}", None, OF_OWN),
    ("PATCH", f"{BLACKOUTS}/{{number}}", {"note": "Other"}, PLANNERS),
    ("DELETE", f"{BLACKOUTS}/{{number}}", None, PLANNERS),
    ("POST", f"{BLACKOUTS}/bulk-edit", {}, PLANNERS),
    ("GET", "/api/tags", None, EVERYBODY),
    ("POST", "/api/tags", {"color": "red"}, TAGGERS),
    ("POST", "/api/monitor-tags", {}, TAGGERS),
]
NAMED = ("own", "lasting", "number", "feed")


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def _nothing_left_by_others(api: Api) -> None:
    """Else each test would put hundreds of windows of the tests before it into effect once more."""
    await api.value("DELETE FROM request_count")
    await api.value("DELETE FROM maintenance_window")


async def _made(clients: CallerClients, body: dict[str, Any], path: str = PATH) -> str:
    answer = await clients.request("admin", "POST", path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _tag(clients: CallerClients, caller: str) -> int:
    named = {"organizationId": ORGANIZATION} if "global" in caller else {}
    answer = await clients.request(caller, "POST", "/api/tags", {"name": uuid4().hex, "color": "red"}, **named)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize("caller", SAMPLE)
@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"), ROUTES, ids=[f"{method} {path}" for method, path, _, _ in ROUTES]
)
async def test_every_route(
    clients: CallerClients, caller: str, method: str, path: str, body: Any, allowed: frozenset[str] | set[str]
) -> None:
    filled = path.format(
        own=await _made(clients, OWN),
        lasting=await _made(clients, NOW, f"{PATH}/now"),
        number="{number}",
        feed="{feed}",
    )
    if path.startswith(FEEDS):
        global_role = {"organizationId": ORGANIZATION} if "global" in caller else {}
        made = await clients.request(caller, "POST", FEEDS, {"name": "x"}, **global_role)
        filled = path.format(feed=made.json().get("id"))
    if path.startswith(UPTIMEIFY):
        if path == UPTIMEIFY:
            body = body and {**body, "smtpMonitorId": (await clients.monitor("own"))["id"]}
        made = await clients.api.value("SELECT max(id) FROM maintenance_window WHERE customer_id IS NOT NULL")
        filled = path.format(number=made)
    if path.startswith(BLACKOUTS):
        monitor = (await clients.monitor("own"))["id"]
        made = await clients.request("admin", "POST", BLACKOUTS, {**WEEKLY, "assoc_id": monitor})
        filled = path.format(number=made.json()["id"])
        body = body and ({**body, "assoc_id": monitor} if path == BLACKOUTS else body)
        if path.endswith("bulk-edit"):
            body = {"monitors": [monitor], "update_persistent": True, "update_persistent_action": "append"}
            body["persistent_blackouts"] = [WEEKLY]
    if path == "/api/tags":
        body = body and {**body, "name": uuid4().hex}
    if path == "/api/monitor-tags":
        monitor, tag = await clients.monitor("own"), await _tag(clients, caller if caller in allowed else "admin")
        body = {"monitorType": "smtp", "monitorId": monitor["id"], "tagId": tag}
    named = {"organizationId": ORGANIZATION} if "global" in caller and "{" not in path else {}
    answer = await clients.request(caller, method, filled, body, **named)
    if caller in allowed:
        assert answer.is_success, answer.text
    else:
        assert answer.status_code == 403, answer.text


async def test_windows_of_the_organization_are_not_found_by_those_who_see_one_customer(clients: CallerClients) -> None:
    one = f"{PATH}/{await _made(clients, {**OWN, 'targets': {'organization': True}})}"
    for method, path, body in (("GET", one, None), ("PATCH", one, {"name": "x"}), ("DELETE", one, None)):
        for caller, answered in (("user of one customer", 404), ("readonly of none", 404), ("admin", 0)):
            status = (await clients.request(caller, method, path, body)).status_code
            assert status == answered or (not answered and status < 300), (caller, method)


async def test_who_sees_one_customer_plans_for_its_monitors_only(clients: CallerClients) -> None:
    caller = "user of one customer"
    for targets, field in (
        ({"customers": [OTHER_CUSTOMER]}, "targets.customers"),
        ({"monitors": [(await clients.monitor("other"))["publicId"]]}, "targets.monitors"),
        ({"locations": ["de"]}, "targets.locations"),
    ):
        answer = await clients.request(caller, "POST", PATH, {**OWN, "targets": targets})
        assert [error["field"] for error in answer.json()["errors"]] == [field], answer.text
    made = (await clients.request(caller, "POST", PATH, {**OWN, "targets": {"organization": True}})).json()
    covered = await clients.api.value(
        "SELECT array_agg(DISTINCT monitor.customer_id) FROM maintained_monitor JOIN monitor ON monitor.id = monitor_id"
        " JOIN maintenance_window ON maintenance_window.id = window_id WHERE maintenance_window.public_id = $1::uuid",
        made["id"],
    )
    assert covered in (None, [clients.api.customer])
