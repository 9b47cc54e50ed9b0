"""What a change of a weekly blackout makes of its maintenance window."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.blackouts.mapping import NOT_WEEKLY, WEEKLY, blackout_of, shown_blackout
from controller.errors import InvalidError
from controller.model.maintenance import MaintenanceWindow
from controller.operations.maintenance.windows import WindowChange


def changed_window(window: MaintenanceWindow, body: dict[str, Any], zone: str, now: datetime) -> WindowChange:
    """Raises InvalidError."""
    shown = shown_blackout(window, zone)
    if shown is None or not shown.persistent:
        raise InvalidError("persistent", NOT_WEEKLY)
    known = {name: value for name, value in msgspec.structs.asdict(shown).items() if value is not None}
    merged = known | body
    blackout = blackout_of(merged, zone, now)
    if not blackout.weekly:
        raise InvalidError("persistent", NOT_WEEKLY)
    monitor = values.number(merged["assoc_id"], "assoc_id", 1, 2**63 - 1)
    change = blackout.change(monitor, zone)
    kept: dict[str, Any] = {"name": window.name}
    if not any(name in body for name in WEEKLY):  # the same times: what was moved by hand stays
        kept |= {"start": window.start, "end": window.end, "recurrence": window.recurrence}
    return msgspec.structs.replace(change, **kept)
