"""The rules for a notification channel, whatever its type. Pure; each violation raises InvalidError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.decisions.monitors.monitors import check_config
from controller.errors import InvalidError

CATEGORIES = ("direct", "integration")
_DIRECT = frozenset({"email", "sms", "webhook"})
_PRIORITIES = range(1, 1000 + 1)
_DELAYS = range(86_400 + 1)
_DURATIONS = range(7 * 86_400 + 1)
_MOST_PACKAGES = 100
_LONGEST_PACKAGE = 255

MINIMUM_DURATION = "minIncidentDuration"
ONLY_FULL = "onlyFullService"
"""The channel is for full outages, and not for regional ones (docs/compatibility.md, D8)."""


def category_of(type_: str) -> str:
    return "direct" if type_ in _DIRECT else "integration"


def check_category(category: str, type_: str) -> None:
    if category != category_of(type_):
        raise InvalidError("category", f"must be {category_of(type_)} for {type_}")


def check_priority(priority: int) -> None:
    if priority not in _PRIORITIES:
        raise InvalidError("priority", f"must be from {_PRIORITIES[0]} to {_PRIORITIES[-1]}")


def check_delay(seconds: int) -> None:
    if seconds not in _DELAYS:
        raise InvalidError("delaySeconds", f"must be from 0 to {_DELAYS[-1]}")


def check_conditions(conditions: Mapping[str, Any] | None) -> None:
    """`minIncidentDuration` is in seconds, `onlyFullService` a boolean; other keys are stored as sent."""
    if conditions is None:
        return
    check_config(dict(conditions), field="conditions")
    duration = conditions.get(MINIMUM_DURATION)
    if duration is not None and (type(duration) is not int or duration not in _DURATIONS):
        raise InvalidError(f"conditions.{MINIMUM_DURATION}", f"must be from 0 to {_DURATIONS[-1]} seconds, or null")
    if not isinstance(conditions.get(ONLY_FULL), bool | None):
        raise InvalidError(f"conditions.{ONLY_FULL}", "must be true, false or null")


def check_packages(types: list[str] | None) -> None:
    if types is None:
        return
    if len(types) > _MOST_PACKAGES or not all(_is_package(name) for name in types):
        raise InvalidError(
            "allowedPackageTypes",
            f"must be at most {_MOST_PACKAGES} names of 1 to {_LONGEST_PACKAGE} printable characters, or null",
        )


def _is_package(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_PACKAGE and name.isprintable()
