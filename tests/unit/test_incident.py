"""From look to look: when an outage is believed, when it is over, and what is told of it."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.state import (
    PARTIAL_LOOKS,
    ChangeKind,
    Severity,
    Standing,
    VerdictKind,
    closed_by_hand,
)
from tests.unit.looks import INTERVAL_MS, RECHECK_MS, Watched

ANY = Policy(quorum="any")


@pytest.mark.parametrize(
    ("policy", "script", "verdicts", "history"),
    [
        pytest.param(STANDARD, "ppp", "up", [], id="all pass: up"),
        pytest.param(STANDARD, "ppw ppp", "degraded up", [], id="a warning: degraded at once, and up again at once"),
        pytest.param(STANDARD, "ppp fff/ppp", "up up/up", [], id="a failing round is not believed alone"),
        pytest.param(STANDARD, "ppp fff/fff", "up up/down", ["opened down"], id="failing again in the recheck: down"),
        pytest.param(
            STANDARD,
            "fff/fff",
            "unknown/down",
            ["opened down"],
            id="of a monitor that never passed nothing is known until its outage is confirmed",
        ),
        pytest.param(
            STANDARD, "f/f/f", "unknown/unknown/down", ["opened down"], id="a single location is asked two more times"
        ),
        pytest.param(STANDARD, "p f/f/p p", "up up/up/up up", [], id="a single location that passes at the third look"),
        pytest.param(
            STANDARD, "fff/fff fff ppp", "unknown/down down up", ["opened down", "resolved down"], id="recovery"
        ),
        pytest.param(
            Policy(recovery_rounds=3),
            "fff/fff ppp ppp fff ppp ppp ppp",
            "unknown/down down down down down down up",
            ["opened down", "resolved down"],
            id="recovery takes so many good looks in a row",
        ),
        pytest.param(
            Policy(rechecks=0), "ppp fff", "up down", ["opened down"], id="without rechecks the first round is believed"
        ),
        pytest.param(
            Policy(rechecks=3),
            "ppp fff/fff/fff/fff",
            "up up/up/up/down",
            ["opened down"],
            id="with three rechecks all of them must fail",
        ),
        pytest.param(
            STANDARD,
            "ppp ppf/ppf ppf/ppf ppf/ppf ppf",
            "up up/up up/up up/partial partial",
            ["opened partial"],
            id=f"one location that fails in {PARTIAL_LOOKS} looks in a row: partial",
        ),
        pytest.param(
            STANDARD,
            "ppp ppf/pfp fpp/ppf pfp/fpp ppf/pfp",
            "up up/up up/up up/up up/up",
            [],
            id="packets lost here and there are nothing",
        ),
        pytest.param(
            STANDARD,
            "ppf/ppf ppf/ppf ppf/ppf fff/fff",
            "up/up up/up up/partial partial/down",
            ["opened partial", "escalated down"],
            id="a regional outage that grows escalates",
        ),
        pytest.param(
            STANDARD,
            "fff/fff ppf/ppf ppp",
            "unknown/down down/partial up",
            ["opened down", "eased partial", "resolved partial"],
            id="an outage that shrinks eases when two looks show it",
        ),
        pytest.param(
            STANDARD,
            "fff/fff ppf/fff",
            "unknown/down down/down",
            ["opened down"],
            id="an outage does not ease by one look",
        ),
        pytest.param(STANDARD, "ppp bbb ppp", "up unknown up", [], id="agents gone: unknown, and nobody is told"),
        pytest.param(
            STANDARD,
            "fff/fff bbb bbb fff ppp",
            "unknown/down unknown unknown down up",
            ["opened down", "resolved down"],
            id="an outage outlasts our own blindness without being told again",
        ),
        pytest.param(
            Policy(recovery_rounds=2),
            "fff/fff bbb ppp ppp",
            "unknown/down unknown down up",
            ["opened down", "resolved down"],
            id="after blindness too recovery takes all its good looks",
        ),
        pytest.param(
            STANDARD, "ppp fbb/fbb", "up unknown/unknown", [], id="a failing one among blind ones is looked at again"
        ),
        pytest.param(STANDARD, "ppp gpp gpp gpp gpp gpp gpp gpp", "up" + " up" * 7, [], id="greylisted for long: up"),
        pytest.param(ANY, "ppp ppf/ppf", "up up/down", ["opened down"], id="any: one location makes it down"),
    ],
)
def test_what_a_run_of_looks_leads_to(policy: Policy, script: str, verdicts: str, history: list[str]) -> None:
    monitor = Watched(policy)
    assert monitor.sees(script) == verdicts
    assert monitor.history == history


def test_an_outage_began_with_its_first_failing_round() -> None:
    monitor = Watched(STANDARD)
    monitor.sees("ppp fff/ppp ppp fff/fff fff")
    [opened] = monitor.changes
    assert opened.outage_started_ms == 4 * INTERVAL_MS


def test_an_outage_that_grew_out_of_a_regional_one_began_with_that() -> None:
    monitor = Watched(STANDARD)
    monitor.sees("ppp ppf/fff fff")
    [opened] = monitor.changes
    assert opened.outage_started_ms == 2 * INTERVAL_MS


def test_a_look_that_comes_after_a_later_one_is_history() -> None:
    monitor = Watched(STANDARD)
    monitor.sees("ppp ppp")
    before = monitor.standing
    for due_ms in (INTERVAL_MS, 2 * INTERVAL_MS - 1, 2 * INTERVAL_MS):
        monitor.look("fff", due_ms)
    assert monitor.standing == before
    assert not monitor.recheck
    assert monitor.history == []


FLAPPING = "ppp fff/fff ppp fff/fff ppp fff/fff"


def test_an_outage_that_comes_and_goes_is_held_open_and_said_to_flap_once() -> None:
    monitor = Watched(STANDARD)
    monitor.sees(f"{FLAPPING} ppp fff/fff ppp fff/fff ppp ppp")
    assert monitor.history == [
        "opened down",
        "resolved down",
        "opened down",
        "resolved down",
        "opened down",
        "flapping down",
    ]
    assert monitor.standing.verdict is VerdictKind.UP
    assert monitor.standing.severity is Severity.DOWN


def test_a_held_incident_is_resolved_when_it_has_been_calm_for_long_enough() -> None:
    monitor = Watched(STANDARD)
    monitor.sees(FLAPPING)
    assert monitor.sees("ppp " * 6).split() == ["up"] * 6
    assert monitor.history[-1] == "flapping down"
    monitor.sees("ppp " * 6)
    assert monitor.history[-1] == "resolved down"
    assert monitor.standing.at_rest
    assert not monitor.standing.flapping
    assert monitor.sees("fff/fff ppp") == "up/down up"
    assert monitor.history[-2:] == ["opened down", "resolved down"]


def test_a_flapping_outage_that_stays_ends_with_its_recovery() -> None:
    monitor = Watched(STANDARD)
    monitor.sees(FLAPPING)
    monitor.sees("fff " * 10 + "ppp")
    assert monitor.history[-2:] == ["flapping down", "resolved down"]


def test_while_an_incident_is_held_an_outage_is_confirmed_anew() -> None:
    """A lost packet must not turn the verdict, nor prolong the flapping."""
    monitor = Watched(STANDARD)
    monitor.sees(FLAPPING)
    assert monitor.sees("ppp fff/ppp ppf/ppp fff/fff") == "up up/up up/up up/down"


def test_changes_of_another_interval_are_forgotten() -> None:
    """Its rounds are numbered anew, so that nothing would ever be ten rounds ago."""
    monitor = Watched(STANDARD)
    monitor.standing = Standing(
        verdict=VerdictKind.UP,
        severity=Severity.DOWN,
        flapping=True,
        changes=[28_000_001, 28_000_002, 28_000_003, 28_000_004, 28_000_005],
    )
    monitor.look("ppp", 5 * INTERVAL_MS)
    assert monitor.history == ["resolved down"]


def test_what_a_person_closed_must_be_confirmed_anew() -> None:
    monitor = Watched(STANDARD)
    monitor.sees("ppp fff/fff")
    monitor.standing = closed_by_hand(monitor.standing)
    assert monitor.sees("fff/fff ppp") == "up/down up"
    assert monitor.history == ["opened down", "opened down", "resolved down"]
    assert monitor.changes[1].outage_started_ms == 3 * INTERVAL_MS


def test_every_change_tells_why_it_happened() -> None:
    monitor = Watched(STANDARD)
    monitor.sees("ppp fff/ffp ppp")
    assert [(change.kind, change.reason) for change in monitor.changes] == [
        (ChangeKind.OPENED, "2 of 3 countries cannot connect: refused; FR passes"),
        (ChangeKind.RESOLVED, "3 of 3 countries pass"),
    ]


def test_a_verdict_tells_since_when_it_holds() -> None:
    monitor = Watched(STANDARD)
    monitor.sees("ppp ppp fff/fff fff")
    assert monitor.standing.since_ms == 3 * INTERVAL_MS + RECHECK_MS


def test_a_monitor_at_rest_needs_no_look() -> None:
    """A passing look changes nothing then but the moment it was taken."""
    monitor = Watched(STANDARD)
    assert not monitor.standing.at_rest
    monitor.sees("ppp fff/fff ppp ppp")
    assert monitor.standing.at_rest
    before = monitor.standing
    monitor.sees("ppp")
    ours = ("verdict", "severity", "since_ms", "failing_looks", "by_location", "first_failing_ms", "flapping")
    assert [getattr(monitor.standing, name) for name in ours] == [getattr(before, name) for name in ours]
    for script in ("ppf/ppp", "ppw", "bbb"):
        monitor.sees(script)
        assert monitor.standing.at_rest == (script == "ppf/ppp")
        monitor.sees("ppp")
        assert monitor.standing.at_rest
