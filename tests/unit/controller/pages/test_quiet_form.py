"""Quiet hours as lines of a form."""

from __future__ import annotations

import pytest

from controller.errors import InvalidError
from controller.pages.settings.channels.quiet_form import QUIET_NAMES, quiet_hours_of, values_of_quiet_hours

EMPTY = dict.fromkeys(QUIET_NAMES, "")
MONITOR = "33333333-3333-4333-8333-333333333333"


@pytest.mark.parametrize(
    ("line", "days"),
    [
        pytest.param("Mon-Fri 22:00-07:00", ["MO", "TU", "WE", "TH", "FR"], id="a run of days"),
        pytest.param("sat, sunday 22:00 - 07:00", ["SA", "SU"], id="single days, in any spelling"),
        pytest.param("Fri-Mon 22:00-07:00", ["MO", "FR", "SA", "SU"], id="over the end of a week"),
    ],
)
def test_a_line_is_a_window(line: str, days: list[str]) -> None:
    mistakes: list[InvalidError] = []
    found = quiet_hours_of({**EMPTY, "quiet_windows": line, "quiet_down": "on"}, mistakes)
    assert mistakes == []
    assert found is not None
    assert found["windows"] == [{"days": days, "from": "22:00", "to": "07:00"}]


def test_what_is_stored_comes_back() -> None:
    form = {
        "quiet_windows": "Mon-Fri 22:00-07:00\nSat, Sun 00:00-09:00".replace("Sat, Sun", "Sat-Sun"),
        "quiet_zone": "Europe/Berlin",
        "quiet_down": "",
        "quiet_partial": "on",
        "quiet_except": MONITOR,
    }
    assert values_of_quiet_hours(quiet_hours_of(form, [])) == form


@pytest.mark.parametrize(
    ("form", "field"),
    [
        pytest.param({"quiet_windows": "at night", "quiet_down": "on"}, "quietHours.windows", id="no window"),
        pytest.param({"quiet_windows": "Xyz 22:00-07:00", "quiet_down": "on"}, "quietHours.windows", id="no day"),
        pytest.param({"quiet_windows": "Mon 22:00-07:00"}, "quietHours.severities", id="nothing that waits"),
        pytest.param({"quiet_down": "on"}, "quietHours.windows", id="a severity without a window"),
        pytest.param(
            {"quiet_windows": "Mon 22:00-07:00", "quiet_down": "on", "quiet_except": "all"},
            "quietHours.except",
            id="no id of a monitor",
        ),
    ],
)
def test_what_is_refused(form: dict[str, str], field: str) -> None:
    mistakes: list[InvalidError] = []
    quiet_hours_of({**EMPTY, **form}, mistakes)
    assert [one.field for one in mistakes] == [field]


def test_an_empty_form_is_no_quiet_hours() -> None:
    assert quiet_hours_of(EMPTY, []) is None
