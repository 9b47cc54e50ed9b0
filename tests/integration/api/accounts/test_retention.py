"""`/api/v1/organizations/{id}`: how long an organization's history is kept, at most as long as the installation's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.model import Role
from controller.model.retention import BLOCKS_DAYS
from controller.store.rollups.months import make_months
from shared.clock import utc_now
from tests.integration.api.admin_client import UNKNOWN_ID, AdminClient, message, open_admin_client
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.api.outages import make_locations
from tests.integration.api.people import organization_of, person

PATH = f"/api/v1/organizations/{ORGANIZATION}"


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[AdminClient]:
    async with open_admin_client(api) as client:
        yield client
        await api.value("DELETE FROM retention WHERE organization_id IS NOT NULL")
        await api.value("UPDATE retention SET results_days = 30, rollups_months = 24, blocks_days = 400")


async def changed(admin: AdminClient, **fields: Any) -> dict[str, Any]:
    answer = await admin.request("PATCH", PATH, fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_organization_keeps_what_the_installation_keeps(admin: AdminClient) -> None:
    answer = await admin.request("GET", PATH)
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    names = ("id", "keepResultsDays", "keepRollupsMonths", "kept", "shortening")
    assert {name: answer.json()[name] for name in names} == {
        "id": ORGANIZATION,
        "keepResultsDays": None,
        "keepRollupsMonths": None,
        "kept": {
            "resultsDays": 30,
            "passedDays": 400,
            "rollupsMonths": 24,
            "resultsSince": f"{midnight - timedelta(days=30):%Y-%m-%dT00:00:00.000Z}",
            "passedSince": f"{midnight - timedelta(days=400):%Y-%m-%dT00:00:00.000Z}",
            "rollupsSince": f"{midnight.year - 2}-{midnight:%m}-01T00:00:00.000Z",
        },
        "shortening": None,
    }


async def test_a_shorter_time_takes_effect_after_a_day_and_can_be_taken_back(admin: AdminClient) -> None:
    began = utc_now()
    answer = await changed(admin, keepResultsDays=7)
    assert (answer["keepResultsDays"], answer["kept"]["resultsDays"]) == (7, 30)
    shortening = answer["shortening"]
    assert (shortening["resultsDays"], shortening["passedDays"], shortening["rollupsMonths"]) == (7, 7, 24)
    takes_effect = datetime.fromisoformat(shortening["takesEffectAt"]) - timedelta(hours=24)
    assert timedelta(milliseconds=-1) <= takes_effect - began < timedelta(seconds=30)
    assert (await admin.request("GET", PATH)).json() == answer
    assert (await changed(admin, keepResultsDays=None))["shortening"] is None


async def test_a_dry_run_changes_nothing_and_answers_what_would_go(admin: AdminClient) -> None:
    api, before = admin.api, (await admin.request("GET", PATH)).json()
    await make_locations(api)
    await make_months(api.database, utc_now().date())
    monitor = (await api.create())["id"]
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (3, 10, 20, 31):
        await api.value(
            "INSERT INTO rollup SELECT $1, 86400, $2, id, 700, 15, 5, 0, 1, 1, 1, '{}', '{}' FROM location"
            " WHERE code = 'de-nbg'",
            monitor,
            midnight - timedelta(days=days),
        )
    last = await api.value("SELECT max(id) FROM audit")
    answer = await changed(admin, keepResultsDays=7, dryRun=True)
    assert answer["shortening"]["resultsRemoved"] == 2 * 720
    assert answer["shortening"]["rollupsRemoved"] == 0
    assert (await admin.request("GET", PATH)).json() == before
    assert await api.value("SELECT max(id) FROM audit") == last
    assert (await changed(admin, keepResultsDays=7))["shortening"] | {"takesEffectAt": ""} == answer["shortening"] | {
        "takesEffectAt": ""
    }


async def test_checks_in_blocks_that_would_go_are_counted_and_announced(admin: AdminClient) -> None:
    """Choosing what the installation keeps removes no failed check, but those that passed before."""
    api = admin.api
    await make_locations(api)
    monitor = (await api.create())["id"]
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = (40, 31, 10)
    await api.value("UPDATE fold_progress SET at = $1", midnight - timedelta(days=45))
    await make_months(api.database, (midnight - timedelta(days=max(days))).date())
    await make_months(api.database, utc_now().date())
    await api.value(
        "INSERT INTO result_block SELECT $1, $2, $2, min(id), 60000, 4, 1, 0, false, false, B'1', '{1}', '{}', '',"
        " '{0,0,0,0}' FROM location",
        monitor,
        midnight - timedelta(days=32),
    )

    async def removed(days: int) -> tuple[int, int, int]:
        found = (await changed(admin, keepResultsDays=days, dryRun=True))["shortening"]
        return found["resultsDays"], found["passedDays"], found["resultsRemoved"]

    others = [(await removed(days))[2] for days in (30, 7)]
    for back in days:
        await api.value(
            "INSERT INTO rollup SELECT $1, 86400, $2, id, 700, 15, 5, 0, 1, 1, 1, '{}', '{}' FROM location"
            " WHERE code = 'de-nbg'",
            monitor,
            midnight - timedelta(days=back),
        )
    assert await removed(30) == (30, 30, others[0] + 700)
    assert await removed(7) == (7, 7, others[1] + 700 + 720)
    answer = await changed(admin, keepResultsDays=30)
    assert (answer["kept"]["passedDays"], answer["shortening"]["passedDays"]) == (400, 30)


async def test_summaries_that_would_go_are_counted_too(admin: AdminClient) -> None:
    api = admin.api
    await make_locations(api)
    month = (utc_now().replace(day=1) - timedelta(days=70)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = (month + timedelta(days=32)).replace(day=1)
    await api.value(f"CREATE TABLE rollup_{month:%Y%m} PARTITION OF rollup FOR VALUES FROM ('{month}') TO ('{ends}')")
    monitor = (await api.create())["id"]
    await api.value(
        "INSERT INTO rollup SELECT $1, 3600, $2, id, 1, 0, 0, 0, 1, 1, 1, '{}', '{}' FROM location", monitor, month
    )
    answer = await changed(admin, keepResultsDays=28, keepRollupsMonths=1, dryRun=True)
    assert answer["shortening"]["rollupsRemoved"] == await api.value("SELECT count(*) FROM location")


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        pytest.param(
            {"keepResultsDays": 31},
            "keepResultsDays must be from 1 to 30, as the installation keeps it (MAILPROBE_KEEP_RESULTS_DAYS), or null",
            id="more than the installation",
        ),
        pytest.param(
            {"keepRollupsMonths": 25},
            "keepRollupsMonths must be from 1 to 24, as the installation keeps it (MAILPROBE_KEEP_ROLLUPS_MONTHS),"
            " or null",
            id="more months than the installation",
        ),
        pytest.param({"keepResultsDays": 0}, "keepResultsDays must be an integer of at least 1 or null", id="no day"),
        pytest.param(
            {"keepResultsDays": "7"}, "keepResultsDays must be an integer of at least 1 or null", id="a string"
        ),
        pytest.param(
            {"keepRollupsMonths": 1},
            "keepRollupsMonths must be at least one for every 28 days of keepResultsDays (30)",
            id="summaries that end before the results",
        ),
        pytest.param({"keepDays": 7}, "keepDays is not a known field", id="an unknown field"),
    ],
)
async def test_what_cannot_be_kept_is_refused(admin: AdminClient, sent: dict[str, Any], refusal: str) -> None:
    status, text = message(await admin.request("PATCH", PATH, sent))
    assert status == 400
    assert refusal in text


async def test_others_may_not_change_it_and_other_organizations_are_not_found(admin: AdminClient) -> None:
    api = admin.api
    user = await person(api, Role.USER, organization=admin.organization)
    assert (await admin.request("PATCH", PATH, {"keepResultsDays": 7}, caller=user)).status_code == 403
    strange = await person(api, Role.ADMIN, organization=await organization_of(api, "Strange"))
    for method, body in (("GET", None), ("PATCH", {"keepResultsDays": 7})):
        assert (await admin.request(method, PATH, body, caller=strange)).status_code == 404
        assert (await admin.request(method, f"/api/v1/organizations/{UNKNOWN_ID}", body)).status_code == 404
    assert (await admin.request("GET", "/api/v1/organizations/7")).status_code == 400


async def test_history_says_since_when_it_is_kept(admin: AdminClient) -> None:
    """The pages of results, the header of a file, and what neither holds any more."""
    api = admin.api
    await admin.request("PATCH", PATH, {"keepResultsDays": 2})
    await api.value("UPDATE retention SET takes_effect_at = now() WHERE organization_id IS NOT NULL")
    since = f"{utc_now() - timedelta(days=2):%Y-%m-%dT00:00:00.000Z}"
    answer = await admin.request("GET", f"/api/results?customerId={CUSTOMER}&from=2020-01-01")
    assert answer.json()["keptSince"] == since
    exported = await admin.request("GET", "/api/results?format=csv&from=2020-01-01")
    assert exported.headers["x-kept-since"] == since
    name = f"mailprobe-results-{utc_now() - timedelta(days=2):%Y%m%dT000000Z}"
    assert name in exported.headers["content-disposition"]
    other = {"Authorization": f"Bearer {api.strange_token}"}
    exported = await api.client.get("/api/results?format=csv&from=2020-01-01", headers=other)
    name = f"mailprobe-results-{utc_now() - timedelta(days=BLOCKS_DAYS):%Y%m%dT000000Z}"
    assert name in exported.headers["content-disposition"]  # it begins with checks in blocks
    strange = await api.client.get("/api/results", headers=other)
    assert strange.json()["keptSince"] == f"{utc_now() - timedelta(days=30):%Y-%m-%dT00:00:00.000Z}"
