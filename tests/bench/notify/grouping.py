"""How many messages a receiver gets of many outages at once, and when the first is out, with and without grouping."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import msgspec

from controller.pipeline.grouping.messages import MESSAGES_SECONDS, make_group_messages
from controller.store.incidents.incidents import StoredIncident
from tests.bench.figures import Figures, spread
from tests.bench.notify.receivers import Receivers
from tests.bench.notify.storm import heartbeat, sending_case
from tests.bench.processes import child_process
from tests.integration.notify.notification_case import NotificationCase

_FIRST = """
SELECT extract(epoch FROM min(sent_at) - (SELECT min(started_at) FROM incident))::float8 FROM delivery
WHERE state = 'sent'
"""
_MESSAGES = "SELECT count(*) FROM delivery"
_WAITING = "SELECT count(*) FROM grouped_change WHERE delivery_id IS NULL AND dropped IS NULL"
_PAUSE = "UPDATE group_receiver SET due_at = due_at - $1::interval, notified_at = notified_at - $1::interval"


async def measure(monitors: int) -> Figures:
    """So many incidents at one server, and each at its own, as fast as they can be recorded; then all recover. The
    pauses between messages are skipped. All are of one customer, so those with a server each look alike too.
    """
    return {
        "one_cause": await _outages(monitors, causes=1, grouping=True),
        "a_server_each": await _outages(monitors, causes=monitors, grouping=True),
        "baseline_without_grouping": await _outages(monitors, causes=1, grouping=False),
    }


async def _outages(number: int, *, causes: int, grouping: bool) -> Figures:
    async with child_process("tests.bench.notify.receivers") as line:
        receivers = msgspec.json.decode(line, type=Receivers)
        async with sending_case(receivers, ["Mail"]) as case:
            if grouping:
                await case.value("UPDATE organization SET grouping = NULL")
            monitors = [await case.monitor(hostname=f"mx{one % causes}.example.com") for one in range(number)]
            lags: list[float] = []
            async with case.notifying(), asyncio.TaskGroup() as tasks, heartbeat(lags):
                making = tasks.create_task(_make(case))
                began = time.perf_counter()
                found: list[StoredIncident] = [await case.opened(monitor) for monitor in monitors]
                recorded = time.perf_counter() - began
                await _all_told(case)
                until_recovery = await case.value(_MESSAGES)
                for incident in found:
                    await case.resolved(incident)
                await _all_told(case)
                await case.nothing_due()
                making.cancel()
            return {
                "messages_until_recovery": until_recovery,
                "messages_of_recovery": await case.value(_MESSAGES) - until_recovery,
                "first_message_out_s": round(await case.value(_FIRST), 2),
                "all_recorded_s": round(recorded, 2),
                "loop_lag_ms": spread(lags),
            }


async def _make(case: NotificationCase) -> None:
    while True:
        await make_group_messages(case.db)
        await asyncio.sleep(MESSAGES_SECONDS)


async def _all_told(case: NotificationCase) -> None:
    while await case.value(_WAITING):
        await case.value(_PAUSE, timedelta(hours=1))
        await asyncio.sleep(MESSAGES_SECONDS)
