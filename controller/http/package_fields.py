"""The types of a package's fields, with their rules, as the compatible routes and our own API state them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from controller.decisions.packages import RANGES, THRESHOLDS


def _number(name: str, description: str) -> Any:
    allowed = RANGES[name]
    return Meta(description=description, extra_json_schema={"minimum": allowed[0], "maximum": allowed[-1]})


IntervalMinutes = Annotated[
    int | None, _number("check_interval_minutes", "The shortest interval of its customers' monitors; null: any.")
]
Locations = Annotated[
    int | None,
    _number("check_locations", "How many locations check in each round, in turn; null: all, or as the monitor says."),
]
Consecutive = Annotated[
    int | None, _number("alert_consecutive_checks", "How many failing rounds in a row make an incident.")
]
Threshold = Annotated[
    Annotated[str, Meta(extra_json_schema={"enum": [*THRESHOLDS]})] | None,
    Meta(description="How many locations must fail."),
]
ThresholdCount = Annotated[
    int | None,
    _number("alert_location_threshold_count", "The same as a number, which has precedence."),
]
Delay = Annotated[int, _number("notification_delay_minutes", "Minutes before the first notification.")]
ReminderDelay = Annotated[
    int | None, _number("reminder_delay_minutes", "Minutes before the first reminder. Switches reminders on.")
]
ReminderInterval = Annotated[
    int | None,
    _number("alert_reminder_interval", "The longest pause between reminders, in minutes. Switches reminders on."),
]
Months = Annotated[
    int | None,
    _number(
        "data_retention_months",
        "How many months of 31 days results and roll-ups of its customers' monitors are kept; null: as long as the"
        " organization keeps them.",
    ),
]
