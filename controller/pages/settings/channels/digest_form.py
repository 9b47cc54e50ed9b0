"""The digest in the form of a channel. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controller.decisions.notification.digests import WEEKDAYS
from controller.errors import InvalidError
from controller.model.values.digest import Digest, digest_in

DIGEST_NAMES = ("digest_when", "digest_at")
DIGEST_ERRORS = {"digest": "digest_when", "digest.at": "digest_at"}
"""The fields of the form by the names that errors have."""

DIGEST_CHOICES = [
    ("", "never"),
    ("daily", "every day"),
    *((name, f"every {day}") for name, day in WEEKDAYS.items()),
]
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def values_of_digest(stored: dict[str, Any] | None) -> dict[str, str]:
    """A stored digest as the form shows it."""
    digest = digest_in(stored)
    if digest is None:
        return {}
    return {"digest_when": "daily" if digest.frequency == "daily" else digest.weekday, "digest_at": digest.at}


def digest_of(form: Mapping[str, str], mistakes: list[InvalidError]) -> dict[str, Any] | None:
    """What the form says, as it is stored; None for never. What is wrong is added to `mistakes`."""
    when, at = form["digest_when"], form["digest_at"].strip() or Digest(frequency="daily").at
    if not when:
        return None
    if when not in dict(DIGEST_CHOICES):
        mistakes.append(InvalidError("digest", "must be one of the list"))
    if not _TIME.fullmatch(at):
        mistakes.append(InvalidError("digest.at", "must be a time as 08:00"))
    weekday = {} if when == "daily" else {"weekday": when}
    return {"frequency": "weekly" if weekday else "daily", "at": at, "weekday": "mon", **weekday}
