"""One request for each route by which people handle an incident, and for each of our own API that changes a policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.integration.api.audit.world import World
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION

OURS = "/api/v1/incidents"


def _policy(path: str) -> Callable[[World], Awaitable[Any]]:
    async def change(world: World) -> None:
        for quorum in ("all", "any"):
            await world.send("PATCH", path, {"quorum": quorum})

    return change


async def _monitor_policy(world: World) -> None:
    await _policy(f"/api/v1/monitors/{(await world.smtp())['publicId']}/policy")(world)


def _handle(action: str, body: dict[str, str], incidents: str = "/api/incidents") -> Callable[[World], Awaitable[Any]]:
    async def handle(world: World) -> None:
        await world.send("POST", f"{incidents}/{await world.incident()}/{action}", body)

    return handle


def _policy_by_form(path: str) -> Callable[[World], Awaitable[Any]]:
    async def change(world: World) -> None:
        for base in ("sla", "global_verify"):
            await world.submit(path, path, base=base)

    return change


async def _monitor_policy_by_form(world: World) -> None:
    await _policy_by_form(f"/monitors/{(await world.smtp())['publicId']}/policy")(world)


async def _in_incident(world: World, action: str, field_: str) -> None:
    public_id = await world.incident()
    await world.browser.post(f"/incidents/{public_id}/{action}", follow=False, **{field_: "by hand"})


async def _depend(world: World) -> None:
    parent = (await world.smtp())["publicId"]
    child = (await world.smtp())["publicId"]
    await world.send("PUT", f"/api/v1/monitors/{child}/dependencies", {"dependsOn": [parent]})


async def _take_group(world: World) -> None:
    incident = await world.incident()
    group = await world.api.value(
        "WITH made AS (INSERT INTO incident_group (organization_id, kind, cause)"
        " SELECT organization_id, 'cause', 'x' FROM incident WHERE public_id = $1::uuid RETURNING id, public_id),"
        " put AS (UPDATE incident SET group_id = made.id FROM made WHERE incident.public_id = $1::uuid)"
        " SELECT public_id::text FROM made",
        incident,
    )
    await world.browser.post(f"/incident-groups/{group}/acknowledge", follow=False)


OF_POLICIES_AND_INCIDENTS: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("PUT", "/api/v1/monitors/{}/dependencies"): ("monitor.changed", _depend),
    ("PATCH", "/api/v1/monitors/{}/policy"): ("policy.changed", _monitor_policy),
    ("PATCH", "/api/v1/customers/{}/policy"): ("policy.changed", _policy(f"/api/v1/customers/{CUSTOMER}/policy")),
    ("PATCH", "/api/v1/organizations/{}/policy"): (
        "policy.changed",
        _policy(f"/api/v1/organizations/{ORGANIZATION}/policy"),
    ),
    ("POST", "/monitors/{}/policy"): ("policy.changed", _monitor_policy_by_form),
    ("POST", "/policies/customers/{}"): ("policy.changed", _policy_by_form(f"/policies/customers/{CUSTOMER}")),
    ("POST", "/policies/organization"): ("policy.changed", _policy_by_form("/policies/organization")),
    ("POST", "/api/v1/incidents/{}/acknowledge"): (
        "incident.acknowledged",
        _handle("acknowledge", {"comment": "mine"}, OURS),
    ),
    ("POST", "/api/v1/incidents/{}/comments"): ("incident.commented", _handle("comments", {"comment": "hm"}, OURS)),
    ("POST", "/api/v1/incidents/{}/resolve"): ("incident.resolved", _handle("resolve", {"reason": "over"}, OURS)),
    ("POST", "/api/incidents/{}/acknowledge"): ("incident.acknowledged", _handle("acknowledge", {"comment": "mine"})),
    ("POST", "/api/incidents/{}/comments"): ("incident.commented", _handle("comments", {"comment": "hm"})),
    ("POST", "/api/incidents/{}/resolve"): ("incident.resolved", _handle("resolve", {"reason": "over"})),
    ("POST", "/incidents/{}/acknowledge"): (
        "incident.acknowledged",
        lambda w: _in_incident(w, "acknowledge", "comment"),
    ),
    ("POST", "/incident-groups/{}/acknowledge"): ("incident.acknowledged", _take_group),
    ("POST", "/incidents/{}/comment"): ("incident.commented", lambda w: _in_incident(w, "comment", "comment")),
    ("POST", "/incidents/{}/resolve"): ("incident.resolved", lambda w: _in_incident(w, "resolve", "reason")),
}
