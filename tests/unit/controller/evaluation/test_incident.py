"""From evaluation to evaluation: when an outage is confirmed, when it is over, and which changes an incident has."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.regional import PARTIAL_EVALUATIONS
from controller.decisions.evaluation.state import ChangeKind, MonitorState, Severity, VerdictKind, closed_by_hand
from tests.unit.controller.evaluation.evaluations import INTERVAL_MS, RECHECK_MS, MonitorUnderTest

ANY = Policy(quorum="any")


@pytest.mark.parametrize(
    ("policy", "script", "verdicts", "history"),
    [
        pytest.param(STANDARD, "ppp", "up", [], id="a monitor is up when all locations pass"),
        pytest.param(
            STANDARD,
            "ppw ppp",
            "degraded up",
            [],
            id="a warning degrades a monitor at once, and it is up again at once",
        ),
        pytest.param(STANDARD, "ppp fff/ppp", "up up/up", [], id="a single failing round is not confirmed"),
        pytest.param(
            STANDARD, "ppp fff/fff", "up up/down", ["opened down"], id="a round that fails again in the recheck is down"
        ),
        pytest.param(
            STANDARD,
            "fff/fff",
            "unknown/down",
            ["opened down"],
            id="a monitor that never passed is unknown until its outage is confirmed",
        ),
        pytest.param(
            STANDARD, "f/f/f", "unknown/unknown/down", ["opened down"], id="a single location is rechecked twice"
        ),
        pytest.param(
            STANDARD,
            "p f/f/p p",
            "up up/up/up up",
            [],
            id="a single location that passes at the third evaluation is up",
        ),
        pytest.param(
            STANDARD,
            "fff/fff fff ppp",
            "unknown/down down up",
            ["opened down", "resolved down"],
            id="a round that passes resolves the incident",
        ),
        pytest.param(
            Policy(recovery_rounds=3),
            "fff/fff ppp ppp fff ppp ppp ppp",
            "unknown/down down down down down down up",
            ["opened down", "resolved down"],
            id="recovery takes so many good evaluations in a row",
        ),
        pytest.param(
            Policy(rechecks=0),
            "ppp fff",
            "up down",
            ["opened down"],
            id="without rechecks the first round is confirmed",
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
            id=f"one location that fails in {PARTIAL_EVALUATIONS} evaluations in a row is partial",
        ),
        pytest.param(
            STANDARD,
            "ppp ppf/pfp fpp/ppf pfp/fpp ppf/pfp",
            "up up/up up/up up/up up/up",
            [],
            id="packets lost here and there change nothing",
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
            id="an outage that shrinks eases when two evaluations show it",
        ),
        pytest.param(
            STANDARD,
            "fff/fff ppf/fff",
            "unknown/down down/down",
            ["opened down"],
            id="an outage does not ease by one evaluation",
        ),
        pytest.param(
            STANDARD,
            "ppp bbb ppp",
            "up unknown up",
            [],
            id="a monitor without agents is unknown, and nothing is recorded",
        ),
        pytest.param(
            STANDARD,
            "fff/fff bbb bbb fff ppp",
            "unknown/down unknown unknown down up",
            ["opened down", "resolved down"],
            id="an outage outlasts our own blindness without being recorded again",
        ),
        pytest.param(
            Policy(recovery_rounds=2),
            "fff/fff bbb ppp ppp",
            "unknown/down unknown down up",
            ["opened down", "resolved down"],
            id="recovery takes all its good evaluations after blindness too",
        ),
        pytest.param(
            STANDARD, "ppp fbb/fbb", "up unknown/unknown", [], id="a failing location among blind ones is rechecked"
        ),
        pytest.param(
            STANDARD,
            "ppp gpp gpp gpp gpp gpp gpp gpp",
            "up" + " up" * 7,
            [],
            id="a location that is greylisted for long leaves the monitor up",
        ),
        pytest.param(
            STANDARD,
            "ppp rrp rrr rrr ppp",
            "up up unknown unknown up",
            [],
            id="a server that refuses us for our rate everywhere has no outage",
        ),
        pytest.param(
            ANY, "ppp ppf/ppf", "up up/down", ["opened down"], id="with any, one location makes the monitor down"
        ),
    ],
)
def test_what_a_run_of_evaluations_leads_to(policy: Policy, script: str, verdicts: str, history: list[str]) -> None:
    monitor = MonitorUnderTest(policy)
    assert monitor.evaluate_script(script) == verdicts
    assert monitor.history == history


def test_an_outage_began_with_its_first_failing_round() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script("ppp fff/ppp ppp fff/fff fff")
    [opened] = monitor.changes
    assert opened.outage_started_ms == 4 * INTERVAL_MS


def test_a_regional_outage_began_with_its_locations_first_failure_although_others_passed_while_they_had_no_say() -> (
    None
):
    monitor = MonitorUnderTest(Policy(quorum=3, consecutive_rounds=3))
    for number, ballots in enumerate(["fff", "fff", "fff", "bfb", "bfb", "bbp", "ffp"], 1):
        monitor.evaluate_once(ballots, number * INTERVAL_MS)
    [opened] = monitor.changes
    assert (opened.severity, opened.outage_started_ms) == (Severity.PARTIAL, INTERVAL_MS)


def test_an_outage_that_grew_out_of_a_regional_one_began_with_that() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script("ppp ppf/fff fff")
    [opened] = monitor.changes
    assert opened.outage_started_ms == 2 * INTERVAL_MS


def test_an_evaluation_that_comes_after_a_later_one_changes_nothing() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script("ppp ppp")
    before = monitor.state
    for due_ms in (INTERVAL_MS, 2 * INTERVAL_MS - 1, 2 * INTERVAL_MS):
        monitor.evaluate_once("fff", due_ms)
    assert monitor.state == before
    assert not monitor.recheck
    assert monitor.history == []


FLAPPING = "ppp fff/fff ppp fff/fff ppp fff/fff"


def test_an_outage_that_comes_and_goes_is_held_open_and_said_to_flap_once() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script(f"{FLAPPING} ppp fff/fff ppp fff/fff ppp ppp")
    assert monitor.history == [
        "opened down",
        "resolved down",
        "opened down",
        "resolved down",
        "opened down",
        "flapping down",
    ]
    assert monitor.state.verdict is VerdictKind.UP
    assert monitor.state.severity is Severity.DOWN


def test_a_held_incident_is_resolved_when_it_has_been_calm_for_long_enough() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script(FLAPPING)
    assert monitor.evaluate_script("ppp " * 6).split() == ["up"] * 6
    assert monitor.history[-1] == "flapping down"
    monitor.evaluate_script("ppp " * 6)
    assert monitor.history[-1] == "resolved down"
    assert monitor.state.stable
    assert not monitor.state.flapping
    assert monitor.evaluate_script("fff/fff ppp") == "up/down up"
    assert monitor.history[-2:] == ["opened down", "resolved down"]


def test_a_flapping_outage_that_stays_ends_with_its_recovery() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script(FLAPPING)
    monitor.evaluate_script("fff " * 10 + "ppp")
    assert monitor.history[-2:] == ["flapping down", "resolved down"]


def test_while_an_incident_is_held_an_outage_is_confirmed_anew() -> None:
    """A lost packet must neither change the verdict nor prolong the flapping."""
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script(FLAPPING)
    assert monitor.evaluate_script("ppp fff/ppp ppf/ppp fff/fff") == "up up/up up/up up/down"


def test_changes_of_another_interval_are_forgotten() -> None:
    """A new interval numbers its rounds anew, so that the old changes would never become ten rounds old."""
    monitor = MonitorUnderTest(STANDARD)
    monitor.state = MonitorState(
        verdict=VerdictKind.UP,
        severity=Severity.DOWN,
        flapping=True,
        changes=[28_000_001, 28_000_002, 28_000_003, 28_000_004, 28_000_005],
    )
    monitor.evaluate_once("ppp", 5 * INTERVAL_MS)
    assert monitor.history == ["resolved down"]


def test_what_a_person_closed_must_be_confirmed_anew() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script("ppp fff/fff")
    monitor.state = closed_by_hand(monitor.state)
    assert monitor.evaluate_script("fff/fff ppp") == "up/down up"
    assert monitor.history == ["opened down", "opened down", "resolved down"]
    assert monitor.changes[1].outage_started_ms == 3 * INTERVAL_MS


def test_every_change_says_why_it_happened() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script("ppp fff/ffp ppp")
    assert [(change.kind, change.reason) for change in monitor.changes] == [
        (ChangeKind.OPENED, "2 of 3 countries cannot connect: refused; FR passes"),
        (ChangeKind.RESOLVED, "3 of 3 countries pass"),
    ]


def test_a_verdict_says_since_when_it_holds() -> None:
    monitor = MonitorUnderTest(STANDARD)
    monitor.evaluate_script("ppp ppp fff/fff fff")
    assert monitor.state.since_ms == 3 * INTERVAL_MS + RECHECK_MS


def test_a_stable_monitor_needs_no_evaluation() -> None:
    """A passing evaluation of a stable monitor changes nothing but the time of the last evaluation."""
    monitor = MonitorUnderTest(STANDARD)
    assert not monitor.state.stable
    monitor.evaluate_script("ppp fff/fff ppp ppp")
    assert monitor.state.stable
    before = monitor.state
    monitor.evaluate_script("ppp")
    ours = ("verdict", "severity", "since_ms", "failing_evaluations", "by_location", "first_failing_ms", "flapping")
    assert [getattr(monitor.state, name) for name in ours] == [getattr(before, name) for name in ours]
    for script in ("ppf/ppp", "ppw", "bbb"):
        monitor.evaluate_script(script)
        assert monitor.state.stable == (script == "ppf/ppp")
        monitor.evaluate_script("ppp")
        assert monitor.state.stable
