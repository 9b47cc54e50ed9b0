"""When a monitor checks something else than before: its next round is due at once, and older results say nothing of it.

Pure. The store asks while it holds the monitor's row, so SQL needs no form of this rule.
"""

from __future__ import annotations

import msgspec

from controller.model import MonitorSettings, MonitorStatus


def changes_target(before: MonitorSettings, after: MonitorSettings) -> bool:
    """Whether a change of kind, host, port, config or of the address in use, or an activation, begins anew."""
    if before.status is MonitorStatus.DISABLED and after.status is not MonitorStatus.DISABLED:
        return True
    return _target(before) != _target(after)


def is_changed(before: MonitorSettings, after: MonitorSettings) -> bool:
    """Whether anything of a monitor differs."""
    return before != after or _target(before) != _target(after)


def _target(monitor: MonitorSettings) -> tuple[object, ...]:
    # The config is compared as JSON: to Python 1, 1.0 and True are equal, to a config they are not.
    return (monitor.kind, monitor.hostname, monitor.port, monitor.address, msgspec.json.encode(monitor.config))
