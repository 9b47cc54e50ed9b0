"""When ops are notified that NATS or PostgreSQL fails, and that it works again. Pure.

Each trouble is reported once, and its end once. A part that fails again and again is reported as one trouble, which is
over only when the part has worked for a while: longer, the more often it was reported within the last hour.
"""

from __future__ import annotations

NOTICE_SECONDS = 15.0
"""Longer than an election among NATS servers takes, or a restart."""

STANDBY_NOTICE_SECONDS = 60.0
"""A controller that did not schedule before leaves the notice to the one that did, which may have died too."""

RECENT_SECONDS = 3600.0

_CALM_SECONDS = 30.0
_LONGEST_CALM_SECONDS = 1800.0


def is_to_report(failing_seconds: float, *, was_leading: bool) -> bool:
    """Whether to report a part that has been failing for so long."""
    return failing_seconds >= (NOTICE_SECONDS if was_leading else STANDBY_NOTICE_SECONDS)


def is_over(working_seconds: float, recent_notices: int) -> bool:
    """Whether to report the end, when a part was reported so many times within RECENT_SECONDS."""
    calm_seconds = _CALM_SECONDS * 4.0 ** max(0, recent_notices - 1)
    return working_seconds >= min(_LONGEST_CALM_SECONDS, calm_seconds)
