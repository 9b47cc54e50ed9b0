"""What a recipient's settings and blackouts mean for messages about an incident."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.decisions.notification.recipient_rules import (
    ENOUGH,
    IN_BLACKOUT,
    NO_ALERTS,
    NO_CLEAR,
    least_seconds,
    why_not,
)
from controller.model.notification.recipients import RecipientBlackout, RecipientSettings

NOW = datetime(2027, 3, 26, 22, 30, tzinfo=UTC)
"""A Friday; 23:30 in Berlin."""


def blackout(start: str, end: str, *, weekly: bool = True, zone: str = "Europe/Berlin") -> RecipientBlackout:
    return RecipientBlackout(
        id=1,
        organization_id=1,
        channel_id=1,
        channel_name="On call",
        owner_id=None,
        time_zone=zone,
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
        weekly=weekly,
        note="",
        made_by=None,
        created_at=NOW,
    )


FRIDAY_NIGHT = blackout("2027-01-01T23:00", "2027-01-02T02:00")
FRIDAY_EVENING = blackout("2027-01-01T20:00", "2027-01-01T23:30")
ONE_LONG_OVER = blackout("2027-01-01T23:00", "2027-01-02T02:00", weekly=False)
ONE_NOW = blackout("2027-03-26T22:00", "2027-03-26T23:00", weekly=False, zone="UTC")
FOR_EVER = blackout("2027-01-01T00:00", "9999-12-31T23:59:59", weekly=False, zone="America/New_York")


@pytest.mark.parametrize(
    ("settings", "blackouts", "kind", "messages", "why"),
    [
        pytest.param({}, [], "opened", 0, None, id="the defaults: it hears of an outage"),
        pytest.param({}, [], "resolved", 1, None, id="the defaults: it hears of its end"),
        pytest.param({"availability_alert": False}, [], "opened", 0, NO_ALERTS, id="no availability alerts"),
        pytest.param({"availability_alert": False}, [], "resolved", 1, NO_ALERTS, id="nor their end"),
        pytest.param({"notify_on_clear": False}, [], "resolved", 1, NO_CLEAR, id="no message when the error ends"),
        pytest.param({"notify_on_clear": False}, [], "escalated", 1, None, id="which concerns the end alone"),
        pytest.param({"stop_threshold": 2}, [], "escalated", 1, None, id="the second of two messages is sent"),
        pytest.param({"stop_threshold": 2}, [], "escalated", 2, ENOUGH, id="the third is not"),
        pytest.param({"stop_threshold": 2}, [], "resolved", 2, None, id="the end does not count"),
        pytest.param({}, [FRIDAY_NIGHT], "opened", 0, IN_BLACKOUT, id="weekly, months later, by the zone's clock"),
        pytest.param({}, [FRIDAY_NIGHT], "resolved", 1, IN_BLACKOUT, id="a blackout holds back the end too"),
        pytest.param({}, [FRIDAY_EVENING], "opened", 0, None, id="the moment of its end is after it"),
        pytest.param({}, [ONE_LONG_OVER], "opened", 0, None, id="one-time, and long over"),
        pytest.param({}, [ONE_LONG_OVER, ONE_NOW], "opened", 0, IN_BLACKOUT, id="one-time, and now"),
        pytest.param({}, [FOR_EVER], "opened", 0, IN_BLACKOUT, id="until the end of the calendar, west of UTC"),
    ],
)
def test_why_a_recipient_is_not_told(
    settings: dict[str, object], blackouts: list[RecipientBlackout], kind: str, messages: int, why: str | None
) -> None:
    known = RecipientSettings(**settings)  # type: ignore[arg-type]
    assert why_not(known, blackouts, messages, NOW, over=kind == "resolved") == why


@pytest.mark.parametrize(
    ("threshold", "seconds"),
    [
        pytest.param(1, 0, id="the first failing round: at once"),
        pytest.param(3, 600, id="the third one: two intervals later"),
    ],
)
def test_a_threshold_is_a_time_from_the_first_failing_round(threshold: int, seconds: int) -> None:
    assert least_seconds(RecipientSettings(start_threshold=threshold), 300) == seconds
