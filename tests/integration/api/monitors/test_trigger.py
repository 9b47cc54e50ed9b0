"""A trigger requests a check from every eligible location, and answers once the broker has stored the requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from controller.store.locations.locations import record_heartbeat
from shared.clock import utc_now
from shared.wire.messages import Heartbeat, Unfitness
from tests.integration.api import mailboxes
from tests.integration.api.conftest import Api


@pytest.fixture
async def locations(api: Api) -> AsyncIterator[None]:
    """Create four locations: de-nbg and fi-hel are ready, us has no agent, and fr is disabled."""
    for code, country, enabled in (
        ("de-nbg", "DE", True),
        ("fi-hel", "FI", True),
        ("us", "US", True),
        ("fr", "FR", False),
    ):
        await api.value(
            "INSERT INTO location (code, name, country_code, enabled, public_key) VALUES ($1, $1, $2, $3, 'k')",
            code,
            country,
            enabled,
        )
    for code, country in (("de-nbg", "DE"), ("fi-hel", "fi"), ("fr", "FR")):
        assert await record_heartbeat(api.database, heartbeat(code, country))
    yield
    await api.value("DELETE FROM location")
    api.dispatcher.triggered.clear()
    api.dispatcher.away = False


def heartbeat(
    code: str, country: str, *, kinds: tuple[str, ...] = ("smtp",), unfit: tuple[Unfitness, ...] = ()
) -> Heartbeat:
    now = utc_now()
    return Heartbeat(
        agent="a",
        location=code,
        country=country,
        kinds=list(kinds),
        version="1",
        started_at=now,
        sent_at=now,
        running=3,
        waiting=2,
        capacity=100,
        loop_lag_ms=0.5,
        unfit=list(unfit),
    )


async def trigger(api: Api, **fields: object) -> tuple[dict[str, object], httpx.Response]:
    made = await api.create(**fields)
    return made, await api.client.post(f"/api/smtp-monitors/{made['publicId']}/trigger-check")


async def test_every_ready_location_is_triggered(api: Api, locations: None) -> None:
    made, answer = await trigger(api)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Checks triggered successfully",
        "smtpMonitorId": made["id"],
        "locationCodes": ["de-nbg", "fi-hel"],
        "queueNames": ["smtp-monitor-checks-de-nbg", "smtp-monitor-checks-fi-hel"],
    }
    ((monitor, codes),) = api.dispatcher.triggered
    assert (monitor.id, codes) == (made["id"], ["de-nbg", "fi-hel"])


@pytest.mark.parametrize("status", ["disabled", "maintenance"])
async def test_a_monitor_in_any_status_is_triggered(api: Api, locations: None, status: str) -> None:
    _, answer = await trigger(api, status=status)
    assert answer.status_code == 200
    assert len(api.dispatcher.triggered) == 1


async def test_only_locations_in_the_allowed_countries_are_triggered(api: Api, locations: None) -> None:
    _, answer = await trigger(api, allowedCheckCountryCodes=["fi", "us"])
    assert answer.json()["locationCodes"] == ["fi-hel"]


async def test_the_countries_of_the_customer_apply_when_the_monitor_has_none(api: Api, locations: None) -> None:
    await api.value("UPDATE organization SET allowed_check_country_codes = '{DE}' WHERE name = 'Ours'")
    assert (await trigger(api))[1].json()["locationCodes"] == ["de-nbg"]
    await api.value("UPDATE customer SET allowed_check_country_codes = '{FI}' WHERE id = $1", api.customer)
    assert (await trigger(api))[1].json()["locationCodes"] == ["fi-hel"]
    assert (await trigger(api, allowedCheckCountryCodes=["DE", "FI"]))[1].json()["locationCodes"] == [
        "de-nbg",
        "fi-hel",
    ]
    await api.value("UPDATE organization SET allowed_check_country_codes = NULL")
    await api.value("UPDATE customer SET allowed_check_country_codes = NULL")


NONE_ACTIVE = "No active monitoring locations available"
NONE_ELIGIBLE = "No eligible monitoring locations for the selected allowed countries"


@pytest.mark.parametrize(
    ("countries", "status", "message"),
    [
        pytest.param(["JP"], 400, NONE_ELIGIBLE, id="no location in the country"),
        pytest.param(["FR"], 400, NONE_ELIGIBLE, id="the country's location is disabled"),
        pytest.param(["US"], 500, NONE_ACTIVE, id="the country's location has no agent"),
    ],
)
async def test_without_an_eligible_location_no_check_is_triggered(
    api: Api, locations: None, countries: list[str], status: int, message: str
) -> None:
    _, answer = await trigger(api, allowedCheckCountryCodes=countries)
    assert answer.json() == {"statusCode": status, "statusMessage": message, "message": message}
    assert answer.status_code == status
    assert not api.dispatcher.triggered


async def test_without_any_location_no_location_is_active(api: Api) -> None:
    for fields in ({}, {"allowedCheckCountryCodes": ["DE"]}):
        _, answer = await trigger(api, **fields)
        assert (answer.status_code, answer.json()["message"]) == (500, NONE_ACTIVE)


async def test_a_heartbeat_too_old_does_not_count(api: Api, locations: None) -> None:
    await api.value("UPDATE agent SET last_seen_at = now() - interval '31 s'")
    _, answer = await trigger(api)
    assert answer.json()["message"] == NONE_ACTIVE


async def test_a_mailbox_is_checked_at_the_locations_that_support_its_protocol(api: Api, locations: None) -> None:
    assert await record_heartbeat(api.database, heartbeat("de-nbg", "DE", kinds=("smtp", "imap")))
    assert await record_heartbeat(api.database, heartbeat("fi-hel", "FI", kinds=("pop3",)))
    made = await mailboxes.create(api)
    path = f"{mailboxes.PATH}/{made['publicId']}"
    answer = await api.client.post(f"{path}/trigger-check")
    assert answer.json() == {
        "success": True,
        "message": "Checks triggered successfully",
        "imapPopMonitorId": made["id"],
        "locationCodes": ["de-nbg"],
        "queueNames": ["imap-pop-monitor-checks-de-nbg"],
    }
    await api.client.patch(path, json={"config": {"protocol": "pop3"}})
    assert (await api.client.post(f"{path}/trigger-check")).json()["locationCodes"] == ["fi-hel"]
    assert [(monitor.kind, codes) for monitor, codes in api.dispatcher.triggered] == [
        ("imap", ["de-nbg"]),
        ("pop3", ["fi-hel"]),
    ]


async def test_where_no_agent_knows_the_protocol_the_answer_says_what_to_do(api: Api, locations: None) -> None:
    made = await mailboxes.create(api, config={"protocol": "pop3"}, allowedCheckCountryCodes=["DE"])
    assert await record_heartbeat(api.database, heartbeat("de-nbg", "DE", kinds=("smtp", "imap")))
    answer = await api.client.post(f"{mailboxes.PATH}/{made['publicId']}/trigger-check")
    reason = "no location can check it: no agent at any location knows this kind of check; update the agents there"
    assert (answer.status_code, answer.json()["message"]) == (409, reason)
    assert not api.dispatcher.triggered


async def test_without_any_location_a_mailbox_trigger_has_the_same_error(api: Api) -> None:
    made = await mailboxes.create(api)
    answer = await api.client.post(f"{mailboxes.PATH}/{made['publicId']}/trigger-check")
    assert (answer.status_code, answer.json()["message"], answer.json()["statusMessage"]) == (500, *[NONE_ACTIVE] * 2)


async def test_a_location_whose_agents_cannot_run_the_check_is_left_out(api: Api, locations: None) -> None:
    blocked = heartbeat("de-nbg", "DE", unfit=(Unfitness.PORT25_BLOCKED, Unfitness.NO_IPV6))
    assert await record_heartbeat(api.database, blocked)
    for fields, codes in (
        ({}, ["fi-hel"]),
        ({"port": 587}, ["de-nbg", "fi-hel"]),
        ({"port": 587, "smtpConfig": {"ipFamily": "ipv6"}}, ["fi-hel"]),
        ({"port": 587, "hostname": "2001:4860::1"}, ["fi-hel"]),
    ):
        _, answer = await trigger(api, **fields)
        assert answer.json()["locationCodes"] == codes, fields
    assert await record_heartbeat(api.database, heartbeat("fi-hel", "FI", unfit=(Unfitness.PORT25_BLOCKED,)))
    _, answer = await trigger(api)
    reason = (
        "no location can check it: no connection to port 25 gets out at de-nbg, fi-hel; where your own servers can be"
        " reached all the same, set MAILPROBE_PORT25_HOSTS to none or to hosts that answer there; no agent is connected"
        " at us"
    )
    assert (answer.status_code, answer.json()["message"], answer.json()["statusMessage"]) == (409, reason, reason)
    assert [here["reasons"] for here in (await api.client.get("/api/locations")).json()[:2]] == [["port25_blocked"]] * 2
    [shown_heartbeat] = (await api.client.get("/api/locations")).json()[0]["heartbeats"]
    assert shown_heartbeat["unfit"] == ["port25_blocked", "no_ipv6"]


async def test_a_resolver_that_does_not_know_the_control_name_keeps_no_check_away(api: Api, locations: None) -> None:
    for code, country in (("de-nbg", "DE"), ("fi-hel", "FI")):
        assert await record_heartbeat(api.database, heartbeat(code, country, unfit=(Unfitness.RESOLVER_BROKEN,)))
    _, answer = await trigger(api)
    assert answer.json()["locationCodes"] == ["de-nbg", "fi-hel"]
    doubt = (
        "no resolver at any location answers for the control name; set MAILPROBE_CONTROL_NAME to a name that"
        " your resolver knows"
    )
    assert answer.json()["warnings"] == [doubt]
    _, answer = await trigger(api, hostname="192.0.2.1")
    assert "warnings" not in answer.json(), "an address needs no resolver"
    shown = {here["code"]: here for here in (await api.client.get("/api/locations")).json()}
    assert (shown["de-nbg"]["ready"], shown["de-nbg"]["reasons"]) == (False, ["resolver_broken"])


async def test_while_the_broker_is_away_the_answer_is_503_with_retry_after(api: Api, locations: None) -> None:
    api.dispatcher.away = True
    _, answer = await trigger(api)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["message"] == "The broker is not available; try again"


async def test_a_path_without_a_public_id_has_the_error_in_the_status_message_too(api: Api) -> None:
    answer = await api.client.post("/api/smtp-monitors/200/trigger-check")
    message = "SMTP monitor public ID (UUID) required"
    assert answer.json() == {"statusCode": 400, "statusMessage": message, "message": message}


async def test_locations_show_whether_they_are_ready_and_why_not(api: Api, locations: None) -> None:
    await api.value(
        "UPDATE agent SET last_seen_at = now() - interval '31 s' FROM location"
        " WHERE location.id = location_id AND code = 'fi-hel'"
    )
    answer = await api.client.get("/api/locations")
    assert answer.status_code == 200
    shown = {location["code"]: location for location in answer.json()}
    assert list(shown) == ["de-nbg", "fi-hel", "fr", "us"]
    assert list(shown["us"]) == [
        "id",
        "code",
        "name",
        "countryCode",
        "enabled",
        "ready",
        "reasons",
        "kinds",
        "agents",
        "lastSeenAt",
        "heartbeats",
        "blindPeriods",
        "probeProblemCount",
        "probeProblems",
        "deadLetters",
        "canary",
    ]
    facts = {
        code: tuple(location[key] for key in ("enabled", "ready", "reasons", "kinds", "agents"))
        for code, location in shown.items()
    }
    assert facts == {
        "de-nbg": (True, True, [], ["smtp"], 1),
        "fi-hel": (True, False, ["no_heartbeat"], [], 0),
        "fr": (False, False, ["disabled"], [], 1),
        "us": (True, False, ["no_heartbeat"], [], 0),
    }
    [shown_heartbeat] = shown["de-nbg"]["heartbeats"]
    assert shown_heartbeat.pop("startedAt") <= shown_heartbeat.pop("lastSeenAt")
    assert shown_heartbeat == {
        "agent": "a",
        "version": "1",
        "kinds": ["smtp"],
        "running": 3,
        "waiting": 2,
        "capacity": 100,
        "loopLagMs": 0.5,
        "unfit": [],
        "clockOffsetMs": None,
        "clockOff": False,
    }
    assert shown["fi-hel"]["heartbeats"] == []
    assert shown["us"]["lastSeenAt"] is None
    assert shown["fi-hel"]["lastSeenAt"].endswith("Z")


async def test_a_check_by_our_own_api_says_when_it_is_due_and_where_it_runs(api: Api, locations: None) -> None:
    made = await api.create(status="disabled")
    answer = await api.client.post(f"/api/v1/monitors/{made['publicId']}/check")
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["monitorId"] == made["publicId"]
    assert [(one["location"], one["country"]) for one in body["locations"]] == [("de-nbg", "DE"), ("fi-hel", "FI")]
    assert (body["warnings"], len(api.dispatcher.triggered)) == ([], 1)
    assert utc_now() - datetime.fromisoformat(body["dueAt"]) < timedelta(minutes=1)


@pytest.mark.parametrize(("countries", "status"), [(["JP"], 400), (["US"], 409)])
async def test_our_own_api_says_why_not(api: Api, locations: None, countries: list[str], status: int) -> None:
    made = await api.create(allowedCheckCountryCodes=countries)
    answer = await api.client.post(f"/api/v1/monitors/{made['publicId']}/check")
    assert (answer.status_code, answer.json()["detail"]) == (status, NONE_ELIGIBLE if status == 400 else NONE_ACTIVE)
