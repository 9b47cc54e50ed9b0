"""Quiet hours in the form of a channel: windows as lines such as "Mon-Fri 22:00-07:00". Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from controller.decisions.notification.quiet_hours import DAY_NAMES, days_words
from controller.errors import InvalidError
from controller.model.maintenance import Weekday
from controller.model.notification.quiet_hours import quiet_hours_in

QUIET_NAMES = ("quiet_windows", "quiet_zone", "quiet_down", "quiet_partial", "quiet_except")
QUIET_ERRORS = {
    "quietHours": "quiet_windows",
    "quietHours.windows": "quiet_windows",
    "quietHours.timeZone": "quiet_zone",
    "quietHours.severities": "quiet_partial",
    "quietHours.except": "quiet_except",
}
"""The fields of the form by the names that errors have."""

QUIET_LABELS = {
    "quiet_windows": "Windows",
    "quiet_zone": "Time zone",
    "quiet_partial": "Partial outages wait",
    "quiet_down": "Full outages wait",
    "quiet_except": "Except full outages of",
}

_MOST_WINDOWS = 21
_MOST_MONITORS = 100
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_LINE = re.compile(rf"(?P<days>[A-Za-z, -]+?)\s+(?P<begin>{_TIME})\s*[-–]\s*(?P<end>{_TIME})")
_DAYS = {name.lower(): day for day, name in DAY_NAMES.items()}
_WEEK = list(Weekday)
_RULE = "must be one window a line, as “Mon-Fri 22:00-07:00” or “Sat, Sun 00:00-09:00”"


def values_of_quiet_hours(stored: dict[str, Any] | None) -> dict[str, str]:
    """Stored quiet hours as the form shows them."""
    hours = quiet_hours_in(stored)
    if hours is None:
        return {}
    return {
        "quiet_windows": "\n".join(f"{days_words(one.days)} {one.begin}-{one.end}" for one in hours.windows),
        "quiet_zone": hours.time_zone or "",
        "quiet_down": "on" if "down" in hours.severities else "",
        "quiet_partial": "on" if "partial" in hours.severities else "",
        "quiet_except": "\n".join(map(str, hours.exempt)),
    }


def quiet_hours_of(form: Mapping[str, str], mistakes: list[InvalidError]) -> dict[str, Any] | None:
    """What the form says, as it is stored; None without windows. What is wrong is added to `mistakes`."""
    lines = [line.strip() for line in form["quiet_windows"].splitlines() if line.strip()]
    if not lines:
        if any(form[name].strip() for name in QUIET_NAMES):
            mistakes.append(InvalidError("quietHours.windows", f"{_RULE}, or empty as everything else of quiet hours"))
        return None
    windows = [found for line in lines if (found := _window(line))]
    if len(windows) < len(lines):
        mistakes.append(InvalidError("quietHours.windows", _RULE))
    elif len(windows) > _MOST_WINDOWS:
        mistakes.append(InvalidError("quietHours.windows", f"must be at most {_MOST_WINDOWS} lines"))
    severities = [name for name in ("down", "partial") if form[f"quiet_{name}"] == "on"]
    if not severities:
        mistakes.append(InvalidError("quietHours.severities", "must be chosen here or for full outages"))
    return {
        "timeZone": form["quiet_zone"].strip() or None,
        "windows": windows,
        "severities": severities,
        "except": _monitors(form["quiet_except"], mistakes),
    }


def _window(line: str) -> dict[str, Any] | None:
    found = _LINE.fullmatch(line)
    days = _days_in(found["days"]) if found else None
    return {"days": days, "from": found["begin"], "to": found["end"]} if found and days else None


def _days_in(text: str) -> list[str] | None:
    """None for what are no days."""
    found: set[Weekday] = set()
    for part in text.lower().split(","):
        first, dash, last = (word.strip()[:3] for word in part.partition("-"))
        if first not in _DAYS or (dash and last not in _DAYS):
            return None
        begin, end = _WEEK.index(_DAYS[first]), _WEEK.index(_DAYS[last if dash else first])
        found |= {_WEEK[number % 7] for number in range(begin, (end if end >= begin else end + 7) + 1)}
    return [day.value for day in _WEEK if day in found]


def _monitors(text: str, mistakes: list[InvalidError]) -> list[str]:
    words = text.replace(",", " ").split()
    try:
        found = [str(UUID(word)) for word in words[: _MOST_MONITORS + 1]]
    except ValueError:
        mistakes.append(InvalidError("quietHours.except", "must be ids of monitors, one a line"))
        return []
    if len(found) > _MOST_MONITORS:
        mistakes.append(InvalidError("quietHours.except", f"must be at most {_MOST_MONITORS}"))
    return found
