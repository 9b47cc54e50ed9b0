"""What is known of a monitor while every location that checks it is under maintenance: what was known before. Pure."""

from __future__ import annotations

import msgspec

from controller.decisions.evaluation.state import MonitorState

ALL_MAINTAINED = "not judged: all locations that check it are under maintenance"


def not_judged(state: MonitorState) -> MonitorState:
    """The state says so, unless it is stable: as long as its checks pass it is not evaluated, so nothing would take the
    reason back.
    """
    return state if state.stable else msgspec.structs.replace(state, reason=ALL_MAINTAINED)
