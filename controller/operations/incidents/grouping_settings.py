"""How incidents of one cause are reported together, as an organization or one of its customers has it."""

from __future__ import annotations

from controller.decisions.notification.grouping import Grouping, GroupingSettings, check_grouping, grouping_in_force
from controller.operations.incidents.layered_settings import LayeredColumn, LayeredSettings

GROUPING: LayeredSettings[Grouping, GroupingSettings] = LayeredSettings(
    column=LayeredColumn.GROUPING, own=Grouping, in_force=grouping_in_force, check=check_grouping
)
