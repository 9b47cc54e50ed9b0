"""When ops are notified of silent locations, wrong clocks or unrequested results, and of their end. Pure.

Each problem is reported once, and problems that belong together are reported together. Agents that die at the same
moment sent their last heartbeats at different ones, up to a heartbeat apart, so a notice waits a little for a location
that is about to become silent as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.wire.messages import CLOCK_TOLERANCE_MS, HEARTBEAT_SECONDS

SILENT_SECONDS = 60.0
QUIET_SECONDS = 3600.0
"""After so long without another one, unrequested results are over."""

_MISSED_SECONDS = 2 * HEARTBEAT_SECONDS
_WAIT_SECONDS = 1.5 * HEARTBEAT_SECONDS


def is_reporting(silence: float) -> bool:
    """Whether a location's last heartbeat is so recent that none is missed."""
    return silence < _MISSED_SECONDS


def newly_silent(silences: Mapping[str, float], warned: Collection[str]) -> list[str]:
    """Which locations to report as silent now. `silences` is the seconds since the last heartbeat of each location that
    should send some; those in `warned` were reported before.
    """
    unknown = {code: silence for code, silence in silences.items() if code not in warned}
    silent = sorted(code for code, silence in unknown.items() if silence >= SILENT_SECONDS)
    if not silent:
        return []
    about_to_be = any(_MISSED_SECONDS <= silence < SILENT_SECONDS for silence in unknown.values())
    longest = max(unknown[code] for code in silent)
    return [] if about_to_be and longest < SILENT_SECONDS + _WAIT_SECONDS else silent


def newly_back(back_for: Mapping[str, float], warned: Collection[str]) -> list[str]:
    """Which of the silent locations in `warned` to report as back. `back_for` is, for those that send heartbeats again,
    the seconds since the first of these.
    """
    back = sorted(code for code in back_for if code in warned)
    if len(back) == len(warned) or any(back_for[code] >= _WAIT_SECONDS for code in back):
        return back
    return []


def clocks_off(offsets_ms: Mapping[str, float], warned: Collection[str]) -> list[str]:
    """Which agents to report for a wrong clock. `offsets_ms` is how far each one's clock is ahead of the broker's."""
    return sorted(name for name, ms in offsets_ms.items() if name not in warned and abs(ms) > CLOCK_TOLERANCE_MS)


def clocks_right(offsets_ms: Mapping[str, float], warned: Collection[str]) -> list[str]:
    """Which agents in `warned` to report as right again: well within the tolerance, so that a clock near its edge is
    not reported again and again.
    """
    return sorted(name for name, ms in offsets_ms.items() if name in warned and abs(ms) < CLOCK_TOLERANCE_MS / 2)


def newly_suspicious(ago: Mapping[str, float], warned: Collection[str]) -> list[str]:
    """Which locations to report for unrequested results. `ago` is the seconds since the last such result of each."""
    return sorted(code for code, seconds in ago.items() if code not in warned and seconds < QUIET_SECONDS)


def suspicious_no_more(ago: Mapping[str, float], warned: Collection[str]) -> list[str]:
    """Which locations in `warned` to report because no more unrequested results came."""
    return sorted(code for code in warned if ago.get(code, QUIET_SECONDS) >= QUIET_SECONDS)
