"""The page of locations: what each can do now, what it cannot, and what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from controller.model import Role
from controller.store.checks.dead_letters import DeadLetter, store_dead_letters
from controller.store.locations.locations import record_heartbeat
from shared.clock import utc_now
from shared.wire import subjects
from shared.wire.messages import Heartbeat, Unfitness
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.pages.browser import Browser, Element, browsing, browsing_as

CODES = {"de-nbg": "DE", "de-ber": "DE", "us": "US"}


@pytest.fixture(autouse=True)
async def locations(api: Api) -> AsyncIterator[None]:
    for code, country in CODES.items():
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')", code, country
        )
    yield
    await api.value("DELETE FROM location")
    await api.value("DELETE FROM dead_letter_count")


@pytest.fixture
async def reader(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        yield browser


async def beat(api: Api, code: str, *, agent: str = "a", **fields: Any) -> None:
    now = utc_now()
    values: dict[str, Any] = {"version": "1.2", "running": 10, "waiting": 2, "capacity": 1000, **fields}
    heartbeat = Heartbeat(
        agent=agent,
        location=code,
        country=CODES[code],
        kinds=["smtp", "imap"],
        started_at=now - timedelta(hours=3),
        sent_at=now,
        **values,
    )
    assert await record_heartbeat(api.database, heartbeat)


async def blind(api: Api, code: str, reason: str, *, since: float, until: float) -> None:
    """Seconds before now."""
    await api.value(
        "INSERT INTO blind_period (location_id, reason, from_at, to_at, checks)"
        " SELECT id, $2, now() - make_interval(secs => $3), now() - make_interval(secs => $4), 7"
        " FROM location WHERE code = $1",
        code,
        reason,
        since,
        until,
    )


async def refused(api: Api, monitor: dict[str, Any], code: str, kind: str) -> None:
    await api.value(
        "INSERT INTO probe_problem (monitor_id, location_id, kind, detail, first_at, last_at, evaluations)"
        " SELECT $1, id, $2, '554 blocked by dnsbl.example <x>', now() - interval '2 hours', now(), 90"
        " FROM location WHERE code = $3",
        monitor["id"],
        kind,
        code,
    )


async def card(browser: Browser, code: str) -> Element:
    page = await browser.open("/locations")
    assert page.status == 200
    return page.id(code)


async def test_locations_stand_by_country_with_their_names(reader: Browser) -> None:
    page = await reader.open("/locations")
    assert page.headings == [
        "Locations",
        "Germany DE",
        "de-ber de-ber",
        "de-nbg de-nbg",
        "United States of America US",
        "us us",
    ]
    assert "0 of 3 locations are ready." in page.text


async def test_without_a_location_it_says_how_to_enrol_one(api: Api, reader: Browser) -> None:
    await api.value("DELETE FROM location")
    page = await reader.open("/locations")
    assert "No location yet" in page.headings
    assert 'mailprobe-controller locations add de-nbg --country DE --name "Nuremberg"' in page.text


async def test_a_location_that_never_had_an_agent_says_how_to_start_it(reader: Browser) -> None:
    found = await card(reader, "us")
    assert "No agent of this location has ever connected." in found.text
    assert "mailprobe-agent run --enrolment us.agent" in found.text


async def test_a_ready_location_shows_its_agents(api: Api, reader: Browser) -> None:
    await beat(api, "us", loop_lag_ms=0.4, clock_offset_ms=12.0)
    found = await card(reader, "us")
    assert "ready It checks." in found.text.replace("imap, smtp ", "")
    [row] = found.one("tbody").all("tr")
    assert row.text.startswith("a 12 of 1,000 10 running, 2 waiting 0.4 ms +12 ms 1.2")
    assert "1 of 3 locations is ready." in (await reader.open("/locations")).text


async def test_a_location_whose_agent_is_gone_says_since_when(api: Api, reader: Browser) -> None:
    await beat(api, "us")
    await api.value("UPDATE agent SET last_seen_at = now() - interval '10 minutes'")
    found = await card(reader, "us")
    assert "No agent is connected. It gets no checks and does not vote. Since" in found.text
    assert "10 min" in found.text


async def test_a_disabled_location_says_so(api: Api, reader: Browser) -> None:
    await api.value("UPDATE location SET enabled = false WHERE code = 'us'")
    found = await card(reader, "us")
    assert "It was switched off and gets no checks." in found.text
    assert "mailprobe-controller locations enable us" in found.text


async def test_a_wrong_clock_and_a_late_loop_are_flagged(api: Api, reader: Browser) -> None:
    await beat(api, "us", loop_lag_ms=31.0, clock_offset_ms=-2500.0)
    found = await card(reader, "us")
    assert "ready, clock wrong" in found.text
    assert "2.5 s behind wrong" in found.text
    assert "too much: it takes fewer checks" in found.text


@pytest.mark.parametrize("unfit", [Unfitness.PORT25_BLOCKED, Unfitness.NO_IPV4, Unfitness.RESOLVER_BROKEN])
async def test_what_a_location_cannot_do_is_said_with_a_remedy(api: Api, reader: Browser, unfit: Unfitness) -> None:
    await beat(api, "us", unfit=[unfit])
    found = await card(reader, "us")
    assert "not fit for all checks" in found.text
    assert "0 of 3 locations are ready." in (await reader.open("/locations")).text
    assert "What it cannot do" in found.text
    assert found.one("span", class_="remedy").text


async def test_a_location_without_ipv6_is_ready_and_says_what_it_leaves_out(api: Api, reader: Browser) -> None:
    await beat(api, "us", unfit=[Unfitness.NO_IPV6])
    found = await card(reader, "us")
    assert "not fit for all checks" not in found.text
    assert "It checks no monitor that is limited to IPv6" in found.text


async def test_what_only_one_agent_cannot_do_names_it(api: Api, reader: Browser) -> None:
    await beat(api, "us", agent="first", unfit=[Unfitness.PORT25_BLOCKED])
    await beat(api, "us", agent="second")
    found = await card(reader, "us")
    assert "first only: Its network lets no connection out to port 25." in found.text
    assert "not fit for all checks" not in found.text


async def test_blind_periods_are_drawn_and_listed_with_their_reasons(api: Api, reader: Browser) -> None:
    await beat(api, "us")
    await blind(api, "us", "no_agent", since=7200, until=3600)
    await blind(api, "us", "resolver", since=60, until=-30)
    found = await card(reader, "us")
    assert "Some or all of its checks show nothing now" in found.text
    assert "Last 24 hours: blind 2 times, 1 h 1 min in all" in found.text
    assert "Blind periods of 24 hours: 2" in found.text
    assert "No agent of the location was connected." in found.text
    assert {path.attributes["class"] for path in found.one("svg", class_="bar").all("path")} == {"is-up", "is-unknown"}
    assert found.one("details").all("li")[0].text.count("still") == 1


async def test_servers_that_refuse_it_stand_with_what_they_say(api: Api, reader: Browser) -> None:
    await beat(api, "us")
    await refused(api, await api.create(name="MX"), "us", "policy_refusal")
    await refused(api, await api.create(name="Grey"), "us", "temporary_refusal")
    await refused(api, await api.create(name="Foreign", customerId=OTHER_CUSTOMER), "us", "policy_refusal")
    page = await reader.open("/locations")
    found = page.id("us")
    assert "554 blocked by dnsbl.example <x>" in found.text
    assert "have the address removed there" in found.text
    assert "Exempt the location's address from greylisting" in found.text
    assert "Servers that refuse it, or show it something else 2" in found.text
    assert "Foreign" not in page.text


async def test_messages_that_were_put_aside_are_counted_in_words(api: Api, reader: Browser) -> None:
    subject = subjects.result("US", "us")
    await store_dead_letters(api.database, [DeadLetter(subject, "not_expected", "r", b"") for _ in range(3)])
    found = await card(reader, "us")
    assert "3 × a result of a check that was never given out" in found.text
    assert "No sound agent sends this." in found.text


async def test_the_head_names_what_needs_somebody(api: Api, reader: Browser) -> None:
    for code in CODES:
        await beat(api, code)
    await blind(api, "us", "late", since=60, until=-30)
    page = await reader.open("/locations")
    assert "2 of 3 locations are ready." in page.text
    assert page.links["us: blind"] == "#us"


async def test_the_page_needs_a_login(api: Api) -> None:
    async with browsing(api) as nobody:
        for path in ("/locations", "/incidents", "/incidents/unpaged"):
            page = await nobody.open(path, follow=False)
            assert (page.status, page.location.partition("?")[0]) == (303, "/login")


async def canary(api: Api, code: str, *, missed: int, failed: int = 0) -> None:
    """The latest canary of a location; the last one that came back did so two minutes ago."""
    await api.value(
        "INSERT INTO canary (location_id, kind, due_at, sent_at, since, missed, back_due_at, back_at, round_trip_ms,"
        " failed, failure) SELECT id, 'smtp', at.due, at.due, at.due, $2, CASE WHEN $2 = 0 THEN at.due END,"
        " now() - interval '2 min', 412.5, $3, 'refused in connect'"
        " FROM location, (SELECT now() - interval '40 s' AS due) AS at WHERE code = $1",
        *(code, missed, failed),
    )


async def test_a_location_says_when_its_last_canary_came_back(api: Api, reader: Browser) -> None:
    await beat(api, "us")
    await canary(api, "us", missed=0)
    text = (await card(reader, "us")).text
    assert "ready" in text
    assert "Its last canary came back 2 min ago, after 412 ms." in text


async def test_a_location_whose_canaries_are_lost_is_not_called_ready(api: Api, reader: Browser) -> None:
    await beat(api, "us")
    await canary(api, "us", missed=2)
    text = (await card(reader, "us")).text
    assert "canaries lost" in text
    assert "Canaries for smtp do not come back" in text
    assert "Look at the logs of its agents" in text


async def test_a_location_from_which_the_canary_target_fails_says_so(api: Api, reader: Browser) -> None:
    await beat(api, "us")
    await canary(api, "us", missed=0, failed=3)
    text = (await card(reader, "us")).text
    assert "The canary target fails from here: refused in connect" in text
