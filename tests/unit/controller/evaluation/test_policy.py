"""Each vendor's rule for alarms as one of our policies: a test for each mode and each threshold."""

from __future__ import annotations

import msgspec
import pytest

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy, from_thresholds
from controller.model import Mode
from tests.unit.controller.evaluation.evaluations import MonitorUnderTest


@pytest.mark.parametrize(
    ("quorum", "needed"),
    [
        pytest.param("any", [1, 1, 1, 1, 1], id="any: one"),
        pytest.param("majority", [1, 2, 2, 3, 3], id="a majority is more than half"),
        pytest.param("all", [1, 2, 3, 4, 5], id="all: all"),
        pytest.param(2, [1, 2, 2, 2, 2], id="a number is that many, but never more than there are"),
        pytest.param(9, [1, 2, 3, 4, 5], id="a number above the number of locations is all"),
    ],
)
def test_a_quorum_is_counted_over_the_voters(quorum: str | int, needed: list[int]) -> None:
    policy = msgspec.convert({"quorum": quorum}, Policy)
    assert [policy.needed(voters) for voters in range(1, 6)] == needed


def test_one_recheck_confirms_an_outage_and_two_where_only_one_location_votes() -> None:
    assert [STANDARD.rechecks_with(voters) for voters in (1, 2, 5)] == [2, 1, 1]
    assert [Policy(rechecks=0).rechecks_with(voters) for voters in (1, 5)] == [0, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"quorum": 0}, id="a quorum of none"),
        pytest.param({"quorum": "most"}, id="an unknown quorum"),
        pytest.param({"rechecks": 6}, id="more than five rechecks"),
        pytest.param({"rechecks": -1}, id="fewer than no rechecks"),
        pytest.param({"consecutiveRounds": 0}, id="no rounds in a row"),
        pytest.param({"recoveryRounds": 101}, id="more rounds in a row than allowed"),
        pytest.param({"voters": "some"}, id="unknown voters"),
        pytest.param({"order": "random"}, id="an unknown order"),
        pytest.param({"qourum": "any"}, id="a field that is misspelt"),
    ],
)
def test_what_is_no_policy_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Policy)


def test_the_standard_is_a_majority_of_all_locations_confirmed_by_one_recheck() -> None:
    monitor = MonitorUnderTest(STANDARD)
    assert monitor.evaluate_script("ppp ffp/ffp") == "up up/down"
    assert monitor.history == ["opened down"]


def test_primary_checks_from_home_and_is_confirmed_by_another_location() -> None:
    monitor = MonitorUnderTest(PRESETS[Mode.PRIMARY])
    assert monitor.evaluate_script("p f/pppp f/pfpp") == "up up/up up/down"
    assert monitor.history == ["opened down"]


def test_global_notify_opens_an_incident_when_any_location_fails_twice() -> None:
    monitor = MonitorUnderTest(PRESETS[Mode.GLOBAL_NOTIFY])
    assert monitor.evaluate_script("ppppp ppppf/ppppp fpppp/fpppp") == "up up/up up/down"


def test_global_verify_needs_a_second_location() -> None:
    monitor = MonitorUnderTest(PRESETS[Mode.GLOBAL_VERIFY])
    assert monitor.evaluate_script("ppppp fpppp/fpppp ffppp/fpppp ffppp/pffpp") == "up up/up up/up up/down"


def test_round_robin_opens_an_incident_at_the_second_failing_round_in_a_row_whichever_locations_checked() -> None:
    monitor = MonitorUnderTest(PRESETS[Mode.ROUND_ROBIN])
    assert monitor.evaluate_script("p f p f f") == "up up up up down"


def test_sla_needs_every_location_in_the_same_round() -> None:
    monitor = MonitorUnderTest(PRESETS[Mode.SLA])
    assert monitor.evaluate_script("ppp ffp/ffp fff/pff fff/fff") == "up up/up up/up up/down"


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_has_a_preset(mode: Mode) -> None:
    assert isinstance(PRESETS[mode], Policy)


@pytest.mark.parametrize(
    ("threshold", "held", "confirmed"),
    [
        pytest.param("any", "ppp", "ppf", id="any needs one of three"),
        pytest.param("majority", "pff/ppf", "pff", id="majority needs two of three"),
        pytest.param("all", "fff/pff", "fff", id="all needs three of three"),
    ],
)
def test_uptimeifys_location_threshold(threshold: str, held: str, confirmed: str) -> None:
    policy = msgspec.convert(threshold, str)
    monitor = MonitorUnderTest(from_thresholds(1, policy, None))  # type: ignore[arg-type]
    assert "down" not in monitor.evaluate_script(f"ppp {held}")
    assert monitor.evaluate_script(f"{confirmed}/{confirmed}") == "up/down"


def test_uptimeifys_threshold_count_wins_over_the_word() -> None:
    monitor = MonitorUnderTest(from_thresholds(1, "all", 2))
    assert monitor.evaluate_script("ppppp ffppp/ffppp") == "up up/down"


def test_uptimeifys_thresholds_left_out_are_a_majority() -> None:
    assert from_thresholds(1, None, None) == STANDARD


def test_uptimeifys_consecutive_checks_are_failing_rounds_in_a_row_before_the_recheck() -> None:
    monitor = MonitorUnderTest(from_thresholds(3, "majority", None))
    assert monitor.evaluate_script("ppp fff fff ppp fff fff fff/fff") == "up up up up up up up/down"


def test_rechecks_between_rounds_do_not_make_up_for_rounds_in_a_row() -> None:
    """A round that cannot be decided is rechecked, and the recheck does not count as the second failing round."""
    monitor = MonitorUnderTest(Policy(consecutive_rounds=3))
    assert "down" not in monitor.evaluate_script("ppp fff fbb/fff fbb/fff fbb/fff")
    assert monitor.history == []
    assert monitor.evaluate_script("fff fff") == "unknown down"
