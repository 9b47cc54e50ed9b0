from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.decisions.eligibility import configured, ready_kinds, reasons_not_ready
from controller.model import AgentSighting, Location
from shared.messages import READY_SECONDS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def location(code: str, *, enabled: bool = True) -> Location:
    return Location(id=1, code=code, name=code, country_code=code[:2].upper(), enabled=enabled, public_key="k")


def sighting(*kinds: str, seconds_ago: float = 0) -> AgentSighting:
    seen = NOW - timedelta(seconds=seconds_ago)
    return AgentSighting(name="a", kinds=list(kinds), version="1", started_at=seen, last_seen_at=seen)


DE, US, OFF = location("de"), location("us"), location("fr", enabled=False)


@pytest.mark.parametrize(
    ("countries", "expected"),
    [
        pytest.param(None, [DE, US], id="no list is every country"),
        pytest.param(["US"], [US], id="only the countries listed"),
        pytest.param(["FR"], [], id="a disabled location never"),
        pytest.param(["JP"], [], id="a country without location"),
    ],
)
def test_configured_locations(countries: list[str] | None, expected: list[Location]) -> None:
    assert configured([DE, US, OFF], countries) == expected


@pytest.mark.parametrize(
    ("place", "sightings", "reasons", "kinds"),
    [
        pytest.param(DE, [sighting("smtp")], [], {"smtp"}, id="a fresh heartbeat: ready"),
        pytest.param(DE, [], ["no_heartbeat"], set(), id="never seen: not ready"),
        pytest.param(
            DE, [sighting("smtp", seconds_ago=READY_SECONDS)], ["no_heartbeat"], set(), id="30 s old: not ready"
        ),
        pytest.param(
            DE, [sighting("smtp", seconds_ago=READY_SECONDS - 0.001)], [], {"smtp"}, id="just under 30 s: ready"
        ),
        pytest.param(
            DE,
            [sighting("smtp"), sighting("imap"), sighting("pop3", seconds_ago=60)],
            [],
            {"smtp", "imap"},
            id="the kinds of all living agents together",
        ),
        pytest.param(OFF, [sighting("smtp")], ["disabled"], set(), id="disabled: not ready, whoever is there"),
        pytest.param(OFF, [], ["disabled", "no_heartbeat"], set(), id="every reason is named"),
    ],
)
def test_a_location_is_ready_or_says_why_not(
    place: Location, sightings: list[AgentSighting], reasons: list[str], kinds: set[str]
) -> None:
    assert reasons_not_ready(place, sightings, NOW) == reasons
    assert ready_kinds(place, sightings, NOW) == kinds
