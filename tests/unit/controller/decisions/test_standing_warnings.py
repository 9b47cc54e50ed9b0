"""Which warnings a digest lists."""

from __future__ import annotations

from controller.decisions.notification.standing_warnings import LocationWarning, StandingWarning, standing_warnings
from shared.wire.failures import WarningKind

WEAK = WarningKind.TLS_WEAK.value


def test_a_kind_is_listed_once_for_each_monitor_with_the_number_of_locations() -> None:
    found = [
        LocationWarning(2, 5, WEAK, "TLSv1"),
        LocationWarning(1, 6, WEAK, "TLSv1.1"),
        LocationWarning(1, 5, WEAK, "TLSv1"),
        LocationWarning(1, 5, WEAK, "TLSv1"),
        LocationWarning(1, 5, WarningKind.MAILBOX_FULL.value, ""),
    ]
    assert standing_warnings(found) == [
        StandingWarning(1, "mailbox_full", "mailbox full", 1),
        StandingWarning(1, WEAK, "tls weak: TLSv1", 2),
        StandingWarning(2, WEAK, "tls weak: TLSv1", 1),
    ]


def test_what_one_check_met_does_not_stand_and_certificates_have_a_list_of_their_own() -> None:
    momentary = [WarningKind.SLOW, WarningKind.MAILBOX_BUSY, WarningKind.QUIT_UNANSWERED]
    left_out = [*momentary, WarningKind.CERTIFICATE_EXPIRES_SOON]
    assert standing_warnings(LocationWarning(1, 1, kind.value, "") for kind in left_out) == []


def test_a_warning_of_a_later_version_is_listed() -> None:
    assert standing_warnings([LocationWarning(1, 1, "of_tomorrow", "x")])[0].text == "of tomorrow: x"
