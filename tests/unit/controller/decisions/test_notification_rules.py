"""Which kinds of channels rules and packages switch off."""

from __future__ import annotations

from typing import Any

import pytest

from controller.decisions.evaluation.policies import Levels, Origin, effective
from controller.decisions.evaluation.policy import Policy
from controller.decisions.notification.rules import switched_off, whole_rules, with_rules
from controller.decisions.packages import closed_channels, policy_of
from controller.model.packages import PackageSettings

OFF, ON = {"smtp": {"sms": False}}, {"smtp": {"sms": True}}


@pytest.mark.parametrize(
    ("customer", "organization", "off"),
    [
        pytest.param(None, None, set(), id="without rules everything is used"),
        pytest.param(None, OFF, {"sms"}, id="the organization's rule holds"),
        pytest.param(ON, OFF, set(), id="the customer's rule comes first"),
        pytest.param(OFF, ON, {"sms"}, id="also when it switches off"),
        pytest.param({"smtp": {"email": False}}, OFF, {"email", "sms"}, id="each kind of channel by itself"),
        pytest.param({"imap_pop": {"sms": False}}, None, set(), id="another type of check"),
    ],
)
def test_which_channels_are_switched_off(customer: Any, organization: Any, off: set[str]) -> None:
    assert switched_off("smtp", customer, organization) == off


@pytest.mark.parametrize(
    ("stored", "sent", "after"),
    [
        pytest.param(None, OFF, OFF, id="a first rule"),
        pytest.param(OFF, {"smtp": {"email": False}}, {"smtp": {"sms": False, "email": False}}, id="another rule"),
        pytest.param(OFF, {"smtp": {"sms": None}}, None, id="null removes a rule"),
        pytest.param(OFF, {"smtp": None}, None, id="null removes a type of check"),
        pytest.param(OFF, None, None, id="null removes all"),
        pytest.param(OFF, whole_rules({"imap_pop": {"sms": False}}, ("smtp", "imap_pop")), {"imap_pop": {"sms": False}},
                     id="whole rules replace all"),
    ],
)  # fmt: skip
def test_what_a_change_makes_of_rules(stored: Any, sent: Any, after: Any) -> None:
    assert with_rules(stored, sent) == after


PACKAGE = Policy(quorum=3, consecutive_rounds=2)


@pytest.mark.parametrize(
    ("levels", "policy", "origin"),
    [
        pytest.param(Levels(package=PACKAGE), PACKAGE, Origin.PACKAGE, id="the package's"),
        pytest.param(Levels(organization=Policy(quorum="any"), package=PACKAGE), PACKAGE, Origin.PACKAGE,
                     id="before the organization's"),
        pytest.param(Levels(package=PACKAGE, customer=Policy(quorum="any")), Policy(quorum="any"), Origin.CUSTOMER,
                     id="after the customer's"),
        pytest.param(Levels(package=PACKAGE, threshold=1), Policy(quorum=1, consecutive_rounds=2), Origin.CUSTOMER,
                     id="the customer's count replaces that of the package"),
        pytest.param(Levels(package=PACKAGE, monitor=Policy(quorum="all")), Policy(quorum="all"), Origin.MONITOR,
                     id="after the monitor's"),
    ],
)  # fmt: skip
def test_the_package_is_a_level_of_policies(levels: Levels, policy: Policy, origin: Origin) -> None:
    assert effective(levels) == (policy, origin)


@pytest.mark.parametrize(
    ("settings", "policy"),
    [
        pytest.param(PackageSettings(), None, id="no threshold says nothing"),
        pytest.param(PackageSettings(alert_consecutive_checks=3), Policy(consecutive_rounds=3), id="rounds in a row"),
        pytest.param(PackageSettings(alert_location_threshold="all"), Policy(quorum="all"), id="a word"),
        pytest.param(PackageSettings(alert_location_threshold="all", alert_location_threshold_count=2),
                     Policy(quorum=2), id="a count comes before the word"),
    ],
)  # fmt: skip
def test_what_thresholds_mean(settings: PackageSettings, policy: Policy | None) -> None:
    assert policy_of(settings) == policy


def test_a_package_closes_kinds_of_channels() -> None:
    assert closed_channels({}) == frozenset()
    assert closed_channels({"enable_sms_alerts": False, "enable_email_alerts": True}) == {"sms"}
