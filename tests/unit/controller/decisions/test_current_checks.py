"""A site status report shows the checks of the locations that check the monitor now."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.decisions.sitestatus import PlacedCheck, current_checks
from controller.model import LatestCheck, Location
from shared.wire.messages import ResultStatus

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def location(number: int) -> Location:
    return Location(id=number, code=f"l{number}", name="L", country_code="DE", enabled=True, public_key="k")


def check(at: int) -> LatestCheck:
    return LatestCheck(
        monitor_id=1, location_id=at, due_at=NOW, status=ResultStatus.SUCCESS, failure_kind=None, checked_at=NOW
    )


def test_a_check_of_a_location_that_does_not_check_any_more_is_left_out() -> None:
    assert current_checks([check(3), check(2), check(1)], [location(1), location(3)]) == [
        PlacedCheck(location(3), check(3)),
        PlacedCheck(location(1), check(1)),
    ]
    assert current_checks([check(1)], []) == []
