from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.decisions.schedule.eligibility import Readiness, abilities, configured, readiness, reasons_not_ready
from controller.kinds.obstacles import deficiencies, obstacles
from controller.model import AgentSighting, Location
from shared.wire.messages import READY_SECONDS, Unfitness
from tests.unit.controller.kinds.test_targets import monitor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PORT25, NO_IPV4, NO_IPV6, RESOLVER, NEWER = Unfitness


def location(code: str, *, enabled: bool = True) -> Location:
    return Location(id=1, code=code, name=code, country_code=code[:2].upper(), enabled=enabled, public_key="k")


def sighting(*kinds: str, seconds_ago: float = 0, unfit: tuple[Unfitness, ...] = ()) -> AgentSighting:
    seen_at = NOW - timedelta(seconds=seconds_ago)
    return AgentSighting(
        name="a", kinds=list(kinds), version="1", started_at=seen_at, last_seen_at=seen_at, unfit=list(unfit)
    )


DE, US, OFF = location("de"), location("us"), location("fr", enabled=False)


@pytest.mark.parametrize(
    ("countries", "expected"),
    [
        pytest.param(None, [DE, US], id="without a list every country is allowed"),
        pytest.param(["US"], [US], id="only the listed countries are allowed"),
        pytest.param(["FR"], [], id="a disabled location is never used"),
        pytest.param(["JP"], [], id="a country without a location has none"),
    ],
)
def test_configured_locations(countries: list[str] | None, expected: list[Location]) -> None:
    assert configured([DE, US, OFF], countries) == expected


@pytest.mark.parametrize(
    ("examined", "sightings", "reasons", "kinds"),
    [
        pytest.param(DE, [sighting("smtp")], [], {"smtp"}, id="a location with a fresh heartbeat is ready"),
        pytest.param(DE, [], ["no_heartbeat"], set(), id="a location that was never seen is not ready"),
        pytest.param(
            DE,
            [sighting("smtp", seconds_ago=READY_SECONDS)],
            ["no_heartbeat"],
            set(),
            id="a location with a heartbeat 30 s old is not ready",
        ),
        pytest.param(
            DE,
            [sighting("smtp", seconds_ago=READY_SECONDS - 0.001)],
            [],
            {"smtp"},
            id="a location with a heartbeat just under 30 s old is ready",
        ),
        pytest.param(
            DE,
            [sighting("smtp"), sighting("imap"), sighting("pop3", seconds_ago=60)],
            [],
            {"smtp", "imap"},
            id="the kinds of all living agents together",
        ),
        pytest.param(
            OFF, [sighting("smtp")], ["disabled"], set(), id="a disabled location is not ready, even with agents"
        ),
        pytest.param(OFF, [], ["disabled", "no_heartbeat"], set(), id="every reason is named"),
        pytest.param(
            DE,
            [sighting("smtp", unfit=(RESOLVER, NO_IPV6)), sighting("smtp", unfit=(PORT25, RESOLVER))],
            ["resolver_broken"],
            {"smtp"},
            id="what none of its agents can do is a reason, but for IPv6",
        ),
        pytest.param(
            DE,
            [sighting("smtp", unfit=(PORT25,)), sighting("smtp", seconds_ago=60)],
            ["port25_blocked"],
            {"smtp"},
            id="an agent that is gone does not make a location fit",
        ),
    ],
)
def test_a_location_is_ready_or_says_why_not(
    examined: Location, sightings: list[AgentSighting], reasons: list[str], kinds: set[str]
) -> None:
    assert reasons_not_ready(examined, sightings, NOW) == reasons
    assert abilities(examined, sightings, NOW).keys() == kinds


@pytest.mark.parametrize(
    ("kind", "host", "port", "config", "expected"),
    [
        pytest.param("smtp", "mail.example.com", None, {}, {PORT25}, id="a name, port 25"),
        pytest.param("smtp", "mail.example.com", 587, {}, set(), id="another port than 25"),
        pytest.param("smtp", "mail.example.com", None, {"secure": True}, set(), id="port 465 is not port 25"),
        pytest.param("imap", "mail.example.com", None, {"ipFamily": "ipv6"}, {NO_IPV6}, id="IPv6 only"),
        pytest.param("pop3", "mail.example.com", None, {"ipFamily": "ipv4"}, {NO_IPV4}, id="IPv4 only"),
        pytest.param("smtp", "8.8.8.8", None, {}, {PORT25, NO_IPV4}, id="an IPv4 address needs no resolver"),
        pytest.param("imap", "2001:4860::1", None, {}, {NO_IPV6}, id="an IPv6 address"),
        pytest.param("smtp", "10.1.2.3", None, {}, set(), id="an address inside the agent's own networks"),
        pytest.param("smtp", "127.0.0.1", None, {}, set(), id="the agent's own machine"),
        pytest.param("smtp", "LocalHost", None, {}, set(), id="the agent's own machine by name"),
        pytest.param("smtp", "mail.example.com", None, {"secure": "x"}, set(), id="a config that makes no target"),
    ],
)
def test_what_would_be_in_the_way_of_a_check(
    kind: str, host: str, port: int | None, config: dict[str, Any], expected: set[Unfitness]
) -> None:
    examined = monitor(kind, config, host=host, port=port)
    assert obstacles(examined) == expected
    assert deficiencies(examined) - {RESOLVER} == expected


@pytest.mark.parametrize(
    ("host", "needed"),
    [("mail.example.com", True), ("localhost", False), ("10.1.2.3", False), ("2001:4860::1", False)],
)
def test_a_resolver_matters_to_names_and_is_in_nobodys_way(host: str, needed: bool) -> None:
    examined = monitor("imap", {}, host=host, port=None)
    assert (RESOLVER in deficiencies(examined)) is needed
    assert RESOLVER not in obstacles(examined)


HERE: frozenset[int] = frozenset({DE.id})
NOWHERE: frozenset[int] = frozenset()
READY, UNFIT, SILENT = Readiness(HERE, NOWHERE), Readiness(NOWHERE, HERE), Readiness(NOWHERE, NOWHERE)


@pytest.mark.parametrize(
    ("agents", "needed", "expected"),
    [
        pytest.param([sighting("smtp")], {PORT25}, READY, id="a location with a fit agent is ready"),
        pytest.param(
            [sighting("smtp", unfit=(PORT25,))],
            {PORT25, RESOLVER},
            UNFIT,
            id="a location whose port 25 is blocked is unfit for port 25",
        ),
        pytest.param(
            [sighting("smtp", unfit=(PORT25,))],
            {RESOLVER},
            READY,
            id="a blocked port 25 does not matter to another port",
        ),
        pytest.param([sighting("smtp", unfit=(NEWER,))], {PORT25}, READY, id="an unknown reason changes nothing"),
        pytest.param(
            [sighting("smtp", unfit=(PORT25,)), sighting("smtp")],
            {PORT25},
            READY,
            id="a location with one fit agent of two is ready",
        ),
        pytest.param(
            [sighting("smtp", unfit=(PORT25,)), sighting("imap")],
            {PORT25},
            UNFIT,
            id="a fit agent that does not know the kind does not help",
        ),
        pytest.param(
            [sighting("smtp", unfit=(PORT25,)), sighting("smtp", unfit=(NO_IPV6,))],
            {PORT25, NO_IPV6},
            UNFIT,
            id="agents that are unfit for different reasons make the location unfit",
        ),
        pytest.param(
            [sighting("smtp", unfit=(PORT25,)), sighting("smtp", seconds_ago=60)],
            {PORT25},
            UNFIT,
            id="a fit agent that is gone does not help",
        ),
        pytest.param(
            [sighting("imap")],
            {PORT25},
            Readiness(NOWHERE, NOWHERE, HERE),
            id="a location whose agents do not know the kind is neither ready nor unfit, and not silent",
        ),
        pytest.param([sighting("imap", seconds_ago=60)], {PORT25}, SILENT, id="agents that are gone know nothing"),
        pytest.param([], {PORT25}, SILENT, id="a location without agents is neither ready nor unfit"),
    ],
)
def test_a_location_is_left_out_when_all_its_agents_are_unfit(
    agents: list[AgentSighting], needed: set[Unfitness], expected: Readiness
) -> None:
    able = {DE.id: abilities(DE, agents, NOW)}
    assert readiness(able, "smtp", frozenset(needed)) == expected
