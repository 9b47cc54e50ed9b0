"""When ops are told that locations are silent, clocks off, or results nobody asked for, and that it is over: once, and
together what belongs together. Pure.

Agents that die at one moment were heard last at different ones, up to a heartbeat apart, so a location that is about to
be silent as well is waited for a little.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.wire.messages import CLOCK_TOLERANCE_MS, HEARTBEAT_SECONDS

SILENT_SECONDS = 60.0
QUIET_SECONDS = 3600.0
"""After so long without one, results that nobody asked for are over."""

_MISSED_SECONDS = 2 * HEARTBEAT_SECONDS
_WAIT_SECONDS = 1.5 * HEARTBEAT_SECONDS


def is_heard(silence: float) -> bool:
    """Whether somebody at a location gave a sign of life so lately."""
    return silence < _MISSED_SECONDS


def newly_silent(silences: Mapping[str, float], told: Collection[str]) -> list[str]:
    """Which locations to tell of now. `silences` is the seconds since the last heartbeat of each that should be heard;
    of those in `told` ops know already.
    """
    unknown = {code: silence for code, silence in silences.items() if code not in told}
    silent = sorted(code for code, silence in unknown.items() if silence >= SILENT_SECONDS)
    if not silent:
        return []
    about_to_be = any(_MISSED_SECONDS <= silence < SILENT_SECONDS for silence in unknown.values())
    longest = max(unknown[code] for code in silent)
    return [] if about_to_be and longest < SILENT_SECONDS + _WAIT_SECONDS else silent


def newly_back(back_for: Mapping[str, float], told: Collection[str]) -> list[str]:
    """Which of the silent locations in `told` to call back. `back_for` is the seconds since each was first heard again,
    of those that are.
    """
    back = sorted(code for code in back_for if code in told)
    if len(back) == len(told) or any(back_for[code] >= _WAIT_SECONDS for code in back):
        return back
    return []


def clocks_off(offsets_ms: Mapping[str, float], told: Collection[str]) -> list[str]:
    """Of which agents to tell that their clock is off. `offsets_ms` is how far each one's is ahead of the broker's."""
    return sorted(name for name, ms in offsets_ms.items() if name not in told and abs(ms) > CLOCK_TOLERANCE_MS)


def clocks_right(offsets_ms: Mapping[str, float], told: Collection[str]) -> list[str]:
    """Of which agents in `told` to tell that their clock is right again: well within the tolerance, so that one near
    its edge is not told of for ever.
    """
    return sorted(name for name, ms in offsets_ms.items() if name in told and abs(ms) < CLOCK_TOLERANCE_MS / 2)


def newly_suspicious(ago: Mapping[str, float], told: Collection[str]) -> list[str]:
    """Of which locations to tell that they sent results nobody asked for. `ago`: the seconds since the last of each."""
    return sorted(code for code, seconds in ago.items() if code not in told and seconds < QUIET_SECONDS)


def suspicious_no_more(ago: Mapping[str, float], told: Collection[str]) -> list[str]:
    """Of which locations in `told` to tell that no more came."""
    return sorted(code for code in told if ago.get(code, QUIET_SECONDS) >= QUIET_SECONDS)
