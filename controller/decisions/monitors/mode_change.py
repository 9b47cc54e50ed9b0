"""A mode and a policy of its own exclude each other in a monitor: the one that was set last holds.

Pure. The store asks while it holds the monitor's row, so SQL needs no form of this rule.
"""

from __future__ import annotations

from controller.model import MonitorSettings


def clears_policy(before: MonitorSettings, after: MonitorSettings) -> bool:
    """Whether the change removes the monitor's own policy: another mode does, and the loss of the mode."""
    return before.mode is not after.mode
