"""Maintenance windows: one under way, some that overlap, one over several days, and one that is over."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller.model import Principal, Role
from controller.model.maintenance import Day, Effect, Frequency, LabelTarget, Recurrence, Weekday
from controller.operations.maintenance.acts import begin_now
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange, create_window
from tests.pictures.places import Installation

_ZONE = "Europe/Berlin"


async def add_windows(here: Installation, monitor_id: int) -> dict[str, str]:
    """Public ids of a window that is under way and of one that recurs. To be called when there are monitors."""
    await here.run("UPDATE organization SET time_zone = $2 WHERE id = $1", here.organization, _ZONE)
    who = Principal(works_in=here.organization, role=Role.ADMIN, account_id=here.account)
    team = WindowTargetsChange(labels=[LabelTarget("team", "post")])
    tuesdays = Recurrence(frequency=Frequency.WEEKLY, by_day=(Day(Weekday.TUESDAY), Day(Weekday.FRIDAY)))
    month_ends = Recurrence(frequency=Frequency.MONTHLY, by_month_day=(-1,))
    today = here.now.astimezone(ZoneInfo(_ZONE)).date()

    async def add(
        name: str,
        days: int,
        hour: int,
        length: timedelta,
        targets: WindowTargetsChange,
        rule: Recurrence | None = None,
        effect: Effect = Effect.SILENCE,
    ) -> str:
        start = datetime.combine(today + timedelta(days=days), time(hour))
        change = WindowChange(
            name=name, start=start, end=start + length, recurrence=rule, targets=targets, effect=effect, time_zone=_ZONE
        )
        return str((await create_window(here.database, who, change)).public_id)

    weekly = await add("Updates of the mail servers", -1, 2, timedelta(hours=2), team, tuesdays)
    everything = WindowTargetsChange(organization=True)
    await add("Switches of the data centre", 1, 1, timedelta(hours=6), everything, tuesdays, Effect.SUSPEND)
    await add("Move to the new storage in Frankfurt", 2, 20, timedelta(hours=57), team)
    await add("Month's end of the booking system", 0, 22, timedelta(hours=4), everything, month_ends)
    await add("Certificates of last year", -300, 3, timedelta(hours=1), team)
    now = await begin_now(
        here.database,
        who,
        name="Maintenance of mail.northfield.example",
        targets=WindowTargetsChange(monitors=[monitor_id]),
        lasting=timedelta(hours=1),
    )
    return {"window": weekly, "window-now": str(now.public_id)}
