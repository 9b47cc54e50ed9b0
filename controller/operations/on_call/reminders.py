"""Whether and when receivers are reminded, as an organization or one of its customers has it."""

from __future__ import annotations

from functools import partial

from controller.decisions.on_call.reminders import ReminderTimes, check_reminders, in_force
from controller.model.notification.on_call import Reminders
from controller.operations.incidents.layered_settings import LayeredColumn, LayeredSettings
from controller.store.on_call import due

REMINDERS: LayeredSettings[Reminders, ReminderTimes] = LayeredSettings(
    column=LayeredColumn.REMINDERS,
    own=Reminders,
    in_force=in_force,
    check=partial(check_reminders, field=""),
    changed=due.review_all,
)
