"""Clocks, blind periods, probe problems and dead letters in `GET /api/locations`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.store.checks.dead_letters import DeadLetter, store_dead_letters
from controller.store.locations.locations import record_heartbeat
from shared.clock import utc_now
from shared.wire.messages import Heartbeat
from tests.integration.api.conftest import Api


@pytest.fixture
async def locations(api: Api) -> AsyncIterator[None]:
    """The locations de-nbg and us."""
    for code, country in (("de-nbg", "DE"), ("us", "US")):
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')", code, country
        )
    yield
    await api.value("DELETE FROM location")


async def send_heartbeat(api: Api, clock_offset_ms: float | None) -> None:
    now = utc_now()
    heartbeat = Heartbeat(
        agent="a",
        location="de-nbg",
        country="DE",
        kinds=["smtp"],
        version="1",
        started_at=now,
        sent_at=now,
        clock_offset_ms=clock_offset_ms,
    )
    assert await record_heartbeat(api.database, heartbeat)


@pytest.mark.parametrize(
    ("offset_ms", "shown", "flagged"),
    [
        pytest.param(None, None, False, id="an unknown offset is not flagged"),
        pytest.param(-2000.0, -2000.0, False, id="an offset of two seconds is not flagged"),
        pytest.param(2000.46, 2000.5, True, id="an offset of more than two seconds is flagged"),
        pytest.param(-86_400_000.0, -86_400_000.0, True, id="an offset of a day is flagged"),
    ],
)
async def test_locations_flag_an_agent_whose_clock_is_off(
    api: Api, locations: None, offset_ms: float | None, shown: float | None, flagged: bool
) -> None:
    await send_heartbeat(api, offset_ms)
    [agent] = (await api.client.get("/api/locations")).json()[0]["heartbeats"]
    assert (agent["clockOffsetMs"], agent["clockOff"]) == (shown, flagged)


async def test_locations_count_their_dead_letters_of_the_last_24_hours(api: Api, locations: None) -> None:
    def message(location: str, why: str) -> DeadLetter:
        return DeadLetter(f"mailprobe.result.{location}", why, "a description", b"{}")

    nuremberg = "de.de-nbg"
    await store_dead_letters(api.database, [message(nuremberg, "wrong_moment")] * 2)
    await api.value("UPDATE dead_letter_count SET hour = hour - interval '25 h', last_at = last_at - interval '25 h'")
    await store_dead_letters(api.database, [message(nuremberg, "too_large"), message("xx.elsewhere", "too_large")])
    await api.value("UPDATE dead_letter_count SET last_at = last_at - interval '1 s' WHERE why = 'too_large'")
    await store_dead_letters(api.database, [message(nuremberg, "not_expected")] * 3)
    here, other = (await api.client.get("/api/locations")).json()
    assert [(entry["reason"], entry["count"]) for entry in here["deadLetters"]] == [
        ("not_expected", 3),
        ("too_large", 1),
    ]
    assert here["deadLetters"][0]["lastAt"] > here["deadLetters"][1]["lastAt"]
    assert other["deadLetters"] == []


async def test_locations_show_their_blind_periods_and_the_servers_that_refuse_them(api: Api, locations: None) -> None:
    made = await api.create(name="Picky MX")
    await api.value(
        "INSERT INTO blind_period (location_id, reason, from_at, to_at, checks) SELECT id, reason, now() - begun,"
        " now() - ended, 7 FROM location, (VALUES ('no_agent', interval '2 h', interval '1 h'),"
        " ('resolver', interval '5 min', interval '-1 min')) AS period (reason, begun, ended) WHERE code = 'de-nbg'"
    )
    await api.value(
        "INSERT INTO probe_problem (monitor_id, location_id, kind, detail, first_at, last_at, evaluations)"
        " SELECT $1, id, 'policy_refusal', '554 go away', now() - interval '3 h', now(), 42 FROM location"
        " WHERE code = 'de-nbg'",
        made["id"],
    )
    here, *others = (await api.client.get("/api/locations")).json()
    assert [(blind["reason"], blind["to"] is None, blind["checks"]) for blind in here["blindPeriods"]] == [
        ("resolver", True, 7),
        ("no_agent", False, 7),
    ]
    [problem] = here["probeProblems"]
    assert problem["since"] < problem["lastAt"]
    assert {name: problem[name] for name in problem if name not in ("since", "lastAt")} == {
        "monitorId": made["id"],
        "monitorPublicId": made["publicId"],
        "monitorName": "Picky MX",
        "monitorKind": "smtp",
        "kind": "policy_refusal",
        "detail": "554 go away",
        "evaluations": 42,
        "isCurrent": False,
    }
    assert here["probeProblemCount"] == 1
    for other in others:
        assert (other["blindPeriods"], other["probeProblemCount"], other["probeProblems"]) == ([], 0, [])

    strange = {"Authorization": f"Bearer {api.strange_token}"}
    [elsewhere, *_] = (await api.client.get("/api/locations", headers=strange)).json()
    assert (elsewhere["probeProblemCount"], elsewhere["probeProblems"]) == (0, [])


async def canary(api: Api, code: str, kind: str, *, back: bool, missed: int = 0, failed: int = 0) -> None:
    """The latest canary of a location, sent 40 s ago; the last one that came back did so 39 or 100 s ago."""
    await api.value(
        "INSERT INTO canary (location_id, kind, due_at, sent_at, since, missed, stored_due_at, back_due_at, back_at,"
        " round_trip_ms, failed, failure)"
        " SELECT id, $2, at.due, at.due, at.due - interval '1 hour', $4, at.due, CASE WHEN $3 THEN at.due END,"
        " at.due + CASE WHEN $3 THEN interval '1 s' ELSE interval '-60 s' END, 412.54, $5, NULLIF($6, '')"
        " FROM location, (SELECT now() - interval '40 s' AS due) AS at WHERE code = $1",
        *(code, kind, back, missed, failed, "refused in connect" if failed else ""),
    )


@pytest.mark.parametrize(
    ("back", "missed", "failed", "lost", "failure"),
    [
        pytest.param(True, 0, 0, [], None, id="it is back"),
        pytest.param(False, 1, 0, [], None, id="two are missed"),
        pytest.param(False, 2, 0, ["smtp"], None, id="three are missed"),
        pytest.param(True, 0, 3, [], "refused in connect", id="its target fails"),
    ],
)
async def test_locations_show_what_became_of_their_canaries(
    api: Api, locations: None, back: bool, missed: int, failed: int, lost: list[str], failure: str | None
) -> None:
    await canary(api, "de-nbg", "smtp", back=back, missed=missed, failed=failed)
    [here, there] = (await api.client.get("/api/locations")).json()
    assert there["canary"] is None
    back_at = await api.value("SELECT back_at FROM canary")
    assert here["canary"] == {
        "lastBackAt": back_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "roundTripMs": 412.5,
        "lost": lost,
        "targetFailure": failure,
    }
