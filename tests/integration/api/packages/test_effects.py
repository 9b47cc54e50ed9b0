"""What a customer's package changes for its monitors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller.decisions.evaluation.policy import Policy
from controller.pipeline.maintenance.borders import Borders
from controller.store.evaluation.evaluated_monitors import evaluated_monitors
from controller.store.monitors.scheduled import scheduled_monitor
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, Api

WINDOW = {"name": "W", "startTime": "2030-01-01T10:00:00.000Z", "endTime": "2030-01-01T11:00:00.000Z"}


@pytest.fixture(autouse=True)
async def _without_packages(api: Api) -> None:
    await api.value("DELETE FROM package")
    await api.value("DELETE FROM request_count")
    await api.value("UPDATE customer SET package_type = NULL")


async def has(api: Api, **settings: Any) -> None:
    """The customer has a package with these settings."""
    made = await api.client.patch("/api/package-configs/gold", json=settings)
    assert made.status_code == 200, made.text
    changed = await api.client.patch(f"/api/customers/{CUSTOMER}", json={"packageType": "gold"})
    assert changed.status_code == 200, changed.text


async def policy_of(api: Api, monitor: dict[str, Any]) -> Policy:
    async with api.database.connection() as connection:
        return (await evaluated_monitors(connection, [monitor["id"]]))[monitor["id"]].policy


async def test_its_thresholds_are_the_policy_of_evaluations(api: Api) -> None:
    monitor = await api.create()
    assert await policy_of(api, monitor) == Policy()
    await has(api, alertConsecutiveChecks=3, alertLocationThresholdCount=2)
    assert await policy_of(api, monitor) == Policy(quorum=2, consecutive_rounds=3)
    answer = await api.client.get(f"/api/smtp-monitors/{monitor['publicId']}/policy")
    assert answer.json()["from"] == "package"
    await has(api, alertConsecutiveChecks=1)
    assert await policy_of(api, monitor) == Policy(quorum=2)


async def test_its_locations_check_in_turn(api: Api) -> None:
    monitor = await api.create()
    await has(api, checkLocations=2)
    planned = await scheduled_monitor(api.database, monitor["id"])
    assert planned is not None
    assert (planned.rotate_locations, planned.locations_per_round) == (True, 2)
    await has(api, checkLocations=None)
    assert (await scheduled_monitor(api.database, monitor["id"])).rotate_locations is False  # type: ignore[union-attr]


async def test_a_shorter_interval_is_refused(api: Api) -> None:
    monitor = await api.create(checkInterval=5)
    await has(api, checkIntervalMinutes=60)
    path = f"/api/smtp-monitors/{monitor['publicId']}"
    refused = await api.client.patch(path, json={"checkInterval": 10})
    assert refused.status_code == 400
    assert refused.json()["message"] == "checkIntervalSeconds must be at least 3600 by the package of the customer"
    assert (await api.client.patch(path, json={"name": "As it was"})).status_code == 200
    assert (await api.client.patch(path, json={"checkInterval": 60})).status_code == 200
    assert (await api.create())["checkInterval"] == 60, "what is left out is as short as it may be"


async def test_without_maintenance_windows_they_are_refused(api: Api) -> None:
    monitor = await api.create()
    body = WINDOW | {"smtpMonitorId": monitor["id"]}
    assert (await api.client.post("/api/maintenance-windows", json=body)).status_code == 200
    await has(api, enableMaintenanceWindows=False)
    refused = await api.client.post("/api/maintenance-windows", json=body)
    assert refused.status_code == 400
    assert "package has no maintenance windows" in refused.json()["message"]


@pytest.mark.parametrize(
    "targets", [{"organization": True}, {"labels": [{"key": "team", "value": None}]}], ids=["organization", "labels"]
)
async def test_windows_of_others_are_not_for_its_monitors(api: Api, targets: dict[str, Any]) -> None:
    monitor = await api.create()
    path = f"/api/v1/monitors/{monitor['publicId']}"
    assert (await api.client.patch(path, json={"labels": {"team": "mail"}})).status_code == 200
    times = {
        "start": f"{utc_now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}",
        "end": f"{utc_now() + timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
    }
    body = {"name": "W", "targets": targets, "timeZone": "UTC", **times}

    async def is_maintained() -> bool:
        return (await api.client.get(path)).json()["maintenance"] is not None

    made = await api.client.post("/api/v1/maintenance-windows", json=body)
    assert (made.status_code, await is_maintained()) == (201, True)
    await has(api, enableMaintenanceWindows=False)
    await Borders(api.database).pass_due()
    assert not await is_maintained()
    assert (await api.client.get(f"/api/v1/maintenance-windows/{made.json()['id']}")).json()["activeNow"] is True
    await has(api, enableMaintenanceWindows=True)
    await Borders(api.database).pass_due()
    assert await is_maintained()
    assert (await api.client.delete(f"/api/v1/maintenance-windows/{made.json()['id']}")).status_code == 204


async def test_a_day_passes_before_less_is_kept(api: Api) -> None:
    async def moments() -> tuple[Any, Any]:
        package = await api.value("SELECT retention_since FROM package")
        return package, await api.value("SELECT package_since FROM customer WHERE id = $1", api.customer)

    await has(api, dataRetentionMonths=12)
    first = await moments()
    await has(api, notes="as long as before", dataRetentionMonths=12)
    assert await moments() == first
    await has(api, dataRetentionMonths=6)
    assert (await moments())[0] > first[0]
    assert (await moments())[1] == first[1]
    for package in (None, "gold"):
        await api.client.patch(f"/api/customers/{CUSTOMER}", json={"packageType": package})
    assert (await moments())[1] > first[1]
