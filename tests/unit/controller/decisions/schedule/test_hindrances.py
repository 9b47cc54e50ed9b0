"""Why no location can check a monitor, in words with what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.decisions.evaluation.state import MonitorState, VerdictKind, not_checked
from controller.decisions.schedule.hindrances import NOT_CHECKED, hindrance, without_location
from controller.model import AgentSighting, Location
from shared.wire.messages import Unfitness

PORT25, NO_IPV4, NO_IPV6, RESOLVER, _ = Unfitness
DE, US = (
    Location(id=number, code=code, name=code, country_code=code.upper(), enabled=True, public_key="k")
    for number, code in enumerate(["de", "us"], start=1)
)
NAME = frozenset({PORT25, RESOLVER})


def agent(*unfit: Unfitness, kinds: tuple[str, ...] = ("smtp",)) -> AgentSighting:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return AgentSighting(name="a", kinds=list(kinds), version="1", started_at=now, last_seen_at=now, unfit=list(unfit))


@pytest.mark.parametrize(
    ("here", "there", "blind", "words"),
    [
        pytest.param([agent()], [agent(RESOLVER)], {1, 2}, "", id="one location that can check is enough"),
        pytest.param([agent(RESOLVER)], [agent(RESOLVER)], {2}, "", id="a location that was not blind can resolve"),
        pytest.param(
            [agent(RESOLVER)],
            [agent(RESOLVER)],
            {1, 2},
            "no resolver at any location answers for the control name; set MAILPROBE_CONTROL_NAME to a name"
            " that your resolver knows",
            id="names that no resolver knows",
        ),
        pytest.param([agent(NO_IPV6)], [agent(PORT25)], {1, 2}, "", id="what does not matter hinders nobody"),
        pytest.param(
            [],
            [agent(PORT25)],
            set(),
            "no agent is connected at de; no connection to port 25 gets out at us; where your own servers can be"
            " reached all the same, set MAILPROBE_PORT25_HOSTS to none or to hosts that answer there",
            id="each location has its own cause",
        ),
        pytest.param(
            [agent(kinds=("imap",))],
            [agent(kinds=("imap",))],
            set(),
            "no agent at any location knows this kind of check; update the agents there",
            id="agents of an older version",
        ),
        pytest.param([], [], set(), "no agent is connected at any location", id="no agents"),
        pytest.param([agent(PORT25), agent()], [], set(), "", id="one agent of a location that can check is enough"),
    ],
)
def test_the_reason_names_what_to_do(
    here: list[AgentSighting], there: list[AgentSighting], blind: set[int], words: str
) -> None:
    found = hindrance("smtp", NAME, [DE, US], {DE.id: here, US.id: there}, blind)
    assert found == (words and NOT_CHECKED + words)


@pytest.mark.parametrize(
    ("countries", "listed", "any_enabled", "words"),
    [
        (["FR"], False, True, "no location in FR is enabled"),
        (["FR", "IT"], True, True, "none of the locations that it names in FR, IT is enabled"),
        (None, True, True, "none of the locations that it names is enabled"),
        (["FR"], False, False, "no location is enabled"),
    ],
)
def test_a_monitor_without_a_location_says_where_one_is_missing(
    countries: list[str] | None, listed: bool, any_enabled: bool, words: str
) -> None:
    assert without_location(countries, listed=listed, any_enabled=any_enabled) == NOT_CHECKED + words


@pytest.mark.parametrize(
    ("before", "since", "taken"),
    [
        pytest.param(MonitorState(), 9000, 9000, id="never evaluated: unknown since it was found out"),
        pytest.param(MonitorState(verdict=VerdictKind.UP, since_ms=1, taken_ms=5), 9000, 5, id="was up until now"),
        pytest.param(MonitorState(since_ms=3, taken_ms=5), 3, 5, id="was unknown before, for another reason"),
    ],
)
def test_the_verdict_is_unknown_since_a_real_moment(before: MonitorState, since: int, taken: int) -> None:
    after = not_checked(before, "why", 9000)
    assert (after.verdict, after.reason, after.since_ms, after.taken_ms) == (VerdictKind.UNKNOWN, "why", since, taken)
    assert not after.stable
