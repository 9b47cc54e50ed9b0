"""The policy routes of organization, customer and monitor: which policy applies, its level, and its changes."""

from __future__ import annotations

from typing import Any

import pytest

from controller.decisions.evaluation.policy import PRESETS
from controller.model import Mode
from controller.store.monitors.scheduled import scheduled_monitor
from tests.integration.api.alertsite.client import create as create_alertsite
from tests.integration.api.alertsite.client import edit, read
from tests.integration.api.conftest import CUSTOMER, Api

ORGANIZATION = "/api/organization/policy"
CUSTOMERS = f"/api/customers/{CUSTOMER}/policy"
STANDARD = {
    "quorum": "majority",
    "voters": "all",
    "order": "parallel",
    "rechecks": None,
    "consecutiveRounds": 1,
    "recoveryRounds": 1,
    "regionalAfterSeconds": 60,
}
MONITORS = pytest.mark.parametrize("group", ["/api/smtp-monitors", "/api/imap-pop-monitors"])


@pytest.fixture(autouse=True)
async def nothing_set(api: Api) -> None:
    await api.value("UPDATE organization SET policy = NULL")
    await api.value("UPDATE customer SET policy = NULL, alert_location_threshold_count = NULL")


async def monitor(api: Api, group: str = "/api/smtp-monitors") -> str:
    body = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}
    answer = await api.client.post(group, json=body)
    return f"{group}/{answer.json()['publicId']}/policy"


async def policy(api: Api, path: str) -> dict[str, Any]:
    answer = await api.client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(api: Api, path: str, **fields: Any) -> dict[str, Any]:
    answer = await api.client.patch(path, json=fields)
    assert answer.status_code == 200, answer.text
    assert answer.json() == await policy(api, path)
    found: dict[str, Any] = answer.json()
    return found


async def test_without_any_policy_the_standard_applies(api: Api) -> None:
    for path in (ORGANIZATION, CUSTOMERS, await monitor(api)):
        assert await policy(api, path) == {"policy": STANDARD, "preset": None, "from": "standard"}


@MONITORS
async def test_the_nearest_level_wins_and_null_removes_its_policy(api: Api, group: str) -> None:
    path = await monitor(api, group)
    await change(api, ORGANIZATION, quorum="any")
    assert [(await policy(api, at))["from"] for at in (ORGANIZATION, CUSTOMERS, path)] == ["organization"] * 3
    await change(api, CUSTOMERS, quorum="all")
    assert [(await policy(api, at))["from"] for at in (ORGANIZATION, path)] == ["organization", "customer"]
    found = await change(api, path, quorum=3)
    assert (found["policy"]["quorum"], found["from"]) == (3, "monitor")
    found = await change(api, path, preset=None)
    assert (found["policy"]["quorum"], found["from"]) == ("all", "customer")
    found = await change(api, CUSTOMERS, preset=None)
    assert (found["policy"]["quorum"], found["from"]) == ("any", "organization")
    found = await change(api, ORGANIZATION, preset=None)
    assert found == {"policy": STANDARD, "preset": None, "from": "standard"}


async def test_a_field_that_is_not_sent_keeps_its_present_value(api: Api) -> None:
    await change(api, ORGANIZATION, quorum=2, recoveryRounds=3)
    path = await monitor(api)
    found = await change(api, path, consecutiveRounds=4)
    assert found["policy"] == {**STANDARD, "quorum": 2, "recoveryRounds": 3, "consecutiveRounds": 4}
    found = await change(api, path, rechecks=0)
    assert (found["policy"]["rechecks"], found["policy"]["consecutiveRounds"]) == (0, 4)
    found = await change(api, path, rechecks=None)
    assert found["policy"]["rechecks"] is None


@pytest.mark.parametrize(("seconds", "stored"), [(60, None), (300, 300)])
async def test_a_field_of_this_version_is_stored_only_when_it_is_used(
    api: Api, seconds: int, stored: int | None
) -> None:
    """While controllers are upgraded, older ones read what newer ones stored."""
    path = await monitor(api)
    found = await change(api, path, quorum=2, regionalAfterSeconds=seconds)
    assert found["policy"] == {**STANDARD, "quorum": 2, "regionalAfterSeconds": seconds}
    policy = await api.value("SELECT policy FROM monitor WHERE public_id::text = $1", path.split("/")[3])
    assert policy.get("regionalAfterSeconds") == stored


async def test_an_empty_change_creates_no_policy(api: Api) -> None:
    path = await monitor(api)
    assert (await change(api, path))["from"] == "standard"
    assert await api.value("SELECT count(*) FROM monitor WHERE policy IS NOT NULL AND public_id::text = $1",
                           path.split("/")[3]) == 0  # fmt: skip


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("level", ["organization", "customer", "monitor"])
async def test_a_preset_is_selected_by_its_name(api: Api, level: str, mode: Mode) -> None:
    path = {"organization": ORGANIZATION, "customer": CUSTOMERS, "monitor": await monitor(api)}[level]
    found = await change(api, path, preset=mode.value)
    assert (found["preset"], found["from"]) == (mode.value, level)
    assert (found["policy"]["quorum"], found["policy"]["order"]) == (PRESETS[mode].quorum, PRESETS[mode].order)


async def test_a_preset_can_be_combined_with_changes(api: Api) -> None:
    found = await change(api, await monitor(api), preset="Round Robin", recoveryRounds=2)
    assert (found["policy"]["order"], found["policy"]["recoveryRounds"], found["preset"]) == ("sequential", 2, None)


async def test_a_monitors_preset_is_its_mode_for_alertsites_clients(api: Api) -> None:
    number = await create_alertsite(api, mode="Primary")
    public_id = await api.value("SELECT public_id FROM monitor WHERE id = $1::text::bigint", number)
    path = f"/api/smtp-monitors/{public_id}/policy"
    assert (await policy(api, path))["preset"] == "Primary"
    await change(api, path, preset="Global Notify")
    assert (await read(api, number))["mode"] == "Global Notify"
    await change(api, path, quorum=7)
    assert (await read(api, number))["mode"] is None
    await edit(api, number, mode="Global Verify")
    found = await policy(api, path)
    assert (found["preset"], found["from"], found["policy"]["quorum"]) == ("Global Verify", "monitor", 2)


@pytest.mark.parametrize(
    ("sent", "quorum", "rounds"),
    [
        pytest.param({"alertConsecutiveChecks": 3}, "majority", 3, id="checks in a row, a majority of locations"),
        pytest.param({"alertLocationThreshold": "all"}, "all", 1, id="a word for the locations"),
        pytest.param(
            {"alertConsecutiveChecks": 3, "alertLocationThreshold": "majority", "alertLocationThresholdCount": 2},
            2,
            3,
            id="the count wins over the word, as printed",
        ),
        pytest.param(
            {"alertLocationThreshold": "any", "alertLocationThresholdCount": None}, "any", 1, id="a count of null"
        ),
    ],
)
async def test_uptimeifys_thresholds_set_the_policy(api: Api, sent: dict[str, Any], quorum: Any, rounds: int) -> None:
    found = await change(api, CUSTOMERS, **sent)
    assert found["policy"] == {**STANDARD, "quorum": quorum, "consecutiveRounds": rounds}


async def test_a_customers_threshold_is_its_policy_until_it_has_another(api: Api) -> None:
    await api.client.patch(f"/api/customers/{CUSTOMER}", json={"alertLocationThresholdCount": 4})
    path = await monitor(api)
    assert ((found := await policy(api, path))["policy"]["quorum"], found["from"]) == (4, "customer")
    await change(api, CUSTOMERS, quorum="any")
    assert (await policy(api, path))["policy"]["quorum"] == "any"
    assert (await change(api, CUSTOMERS, preset=None))["policy"]["quorum"] == 4


QUORUM_RULE = "quorum must be an integer from 1 to 100 or one of all, any, majority"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            {"quorum": 0}, "quorum must be an integer from 1 to 100 or one of all, any, majority", id="a quorum of 0"
        ),
        pytest.param(
            {"quorum": 101},
            "quorum must be an integer from 1 to 100 or one of all, any, majority",
            id="a quorum above 100",
        ),
        pytest.param(
            {"quorum": "most"},
            "quorum must be an integer from 1 to 100 or one of all, any, majority",
            id="an unknown word",
        ),
        pytest.param(
            {"quorum": None},
            "quorum must be an integer from 1 to 100 or one of all, any, majority",
            id="a quorum of null",
        ),
        pytest.param({"voters": "none"}, "voters must be one of all, home", id="unknown voters"),
        pytest.param({"order": "random"}, "order must be one of parallel, sequential", id="an unknown order"),
        pytest.param({"rechecks": 6}, "rechecks must be an integer from 0 to 5 or null", id="too many rechecks"),
        pytest.param(
            {"consecutiveRounds": "2"}, "consecutiveRounds must be an integer from 1 to 100", id="a number in a string"
        ),
        pytest.param(
            {"recoveryRounds": 0}, "recoveryRounds must be an integer from 1 to 100", id="no round of recovery"
        ),
        pytest.param(
            {"regionalAfterSeconds": 86_401},
            "regionalAfterSeconds must be an integer from 0 to 86400",
            id="a regional outage after more than a day",
        ),
        pytest.param(
            {"preset": "primary"},
            "preset must be one of Primary, Global Notify, Global Verify, Round Robin, SLA, or null",
            id="an unknown preset",
        ),
        pytest.param({"quota": 2}, "quota is not a known field", id="an unknown field"),
        pytest.param(
            {"preset": None, "quorum": 2},
            "preset must not be null together with other fields",
            id="a preset of null with another field",
        ),
        pytest.param(
            {"alertConsecutiveChecks": 2, "quorum": 2},
            "alertConsecutiveChecks and the thresholds must not be sent together",
            id="both forms of a policy",
        ),
        pytest.param([], "body must be an object", id="a list"),
    ],
)
async def test_an_invalid_policy_is_refused_by_field_and_changes_nothing(api: Api, body: Any, message: str) -> None:
    for path in (ORGANIZATION, CUSTOMERS, await monitor(api)):
        answer = await api.client.patch(path, json=body)
        assert answer.status_code == 400
        assert message in answer.json()["message"]
        assert (await policy(api, path))["from"] == "standard"


@MONITORS
async def test_an_unknown_monitor_has_the_error_message_of_its_type(api: Api, group: str) -> None:
    messages = {
        "/api/smtp-monitors": ("SMTP", "Not found"),
        "/api/imap-pop-monitors": ("IMAP/POP", "IMAP/POP monitor not found"),
    }
    name, missing = messages[group]
    for method in ("GET", "PATCH"):
        unknown = await api.client.request(method, f"{group}/33333333-3333-4333-8333-333333333333/policy", json={})
        assert (unknown.status_code, unknown.json()["message"]) == (404, missing)
        number = await api.client.request(method, f"{group}/12/policy", json={})
        assert (number.status_code, number.json()["message"]) == (400, f"{name} monitor public ID (UUID) required")


@pytest.mark.parametrize("level", ["organization", "customer", "monitor"])
async def test_the_scheduler_gets_the_order_and_voters_of_the_policy_that_applies(api: Api, level: str) -> None:
    own = await monitor(api)
    path = {"organization": ORGANIZATION, "customer": CUSTOMERS, "monitor": own}[level]
    number = await api.value("SELECT id FROM monitor WHERE public_id::text = $1", own.split("/")[3])

    async def rotation_and_home_vote() -> tuple[bool, bool]:
        found = await scheduled_monitor(api.database, number)
        assert found is not None
        return found.in_turn, found.home_votes

    assert await rotation_and_home_vote() == (False, False)
    await change(api, path, preset="Round Robin")
    assert await rotation_and_home_vote() == (True, False)
    await change(api, path, order="parallel", voters="home")
    assert await rotation_and_home_vote() == (False, True)
    await change(api, path, preset=None)
    assert await rotation_and_home_vote() == (False, False)


async def test_a_change_reaches_the_scheduler_but_moves_no_round(api: Api) -> None:
    path = await monitor(api)
    columns = "SELECT ARRAY[updated_at, target_changed_at] FROM monitor WHERE public_id::text = $1"
    [updated, target] = await api.value(columns, path.split("/")[3])
    await change(api, path, preset="Round Robin")
    [updated_after, target_after] = await api.value(columns, path.split("/")[3])
    assert updated_after > updated
    assert target_after == target


@pytest.mark.parametrize(
    ("zone", "status"), [("Europe/Berlin", 200), ("UTC", 200), ("Mars/Olympus", 400), ("../etc", 400), ("", 400)]
)
async def test_the_organizations_time_zone_is_an_iana_name(api: Api, zone: str, status: int) -> None:
    before = (await api.client.get("/api/organization")).json()["timeZone"]
    answer = await api.client.patch("/api/organization", json={"timeZone": zone})
    assert answer.status_code == status
    after = (await api.client.get("/api/organization")).json()["timeZone"]
    if status == 200:
        assert answer.json()["timeZone"] == after == zone
    else:
        assert answer.json()["message"] == "timeZone must be the name of a time zone, as Europe/Berlin"
        assert after == before
