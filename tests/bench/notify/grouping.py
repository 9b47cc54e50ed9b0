"""How many messages a receiver gets of many outages at once, when the first is out, and what holds up the controller,
with and without grouping.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg
import msgspec

from controller.store.platform import locks
from tests.bench.figures import Figures, spread
from tests.bench.loops.installation import Installation
from tests.bench.loops.stretches import Report
from tests.bench.notify.many_outages import ManyMonitors, add_location, add_monitors
from tests.bench.notify.receivers import Receivers
from tests.bench.processes import child_process, servers

_CAUSES = 300
_LONGEST_SECONDS = 600.0
_AGAIN_SECONDS = 0.2
_MUCH_MS = 10.0
_START = "start"
_WARM_UP = 10
"""Outages before all others: the first ones of a controller wait for connections and statements that are prepared."""

_OPENED = "SELECT count(*) FROM incident WHERE organization_id = $1"
_OPEN = "SELECT count(*) FROM incident WHERE organization_id = $1 AND resolved_at IS NULL"
_FIRST = "SELECT extract(epoch FROM min(sent_at) - $2)::float8 FROM delivery WHERE organization_id = $1"
_MESSAGES = "SELECT count(*) FROM delivery WHERE organization_id = $1"
_UNSENT = "SELECT count(*) FROM delivery WHERE organization_id = $1 AND state <> 'sent'"
_NONE_SENT = """
SELECT CASE WHEN EXISTS (SELECT FROM delivery WHERE organization_id = $1 AND state = 'sent') THEN 0 ELSE 1 END
"""
_WAITING = """
SELECT count(*) FROM grouped_change JOIN incident ON incident.id = incident_id
WHERE organization_id = $1 AND delivery_id IS NULL AND dropped IS NULL
"""
_RECORDED = "SELECT extract(epoch FROM max(started_at) - $2)::float8 FROM incident WHERE organization_id = $1"
_OVER = "SELECT extract(epoch FROM max(resolved_at) - $2)::float8 FROM incident WHERE organization_id = $1"
_NOT_ONCE = """
SELECT count(*) FROM incident WHERE organization_id = $1 AND (
  SELECT count(*) FROM grouped_change AS change JOIN delivery ON delivery.id = delivery_id
  WHERE change.incident_id = incident.id AND kind = $2 AND state IN ('sent', 'waiting')
) <> 1
"""
_PAUSE = """
UPDATE group_receiver SET due_at = due_at - $2::interval, notified_at = notified_at - $2::interval
FROM incident_group WHERE incident_group.id = group_id AND organization_id = $1
"""


class Shape(NamedTuple):
    """How many causes the outages have, and whether those of one are reported together."""

    causes: int
    grouping: bool = True


async def measure(monitors: int) -> Figures:
    """So many monitors of an organization with one receiver fail within a second, and then pass again: with one cause,
    and with 300. The pauses between messages are skipped when all outages are recorded.
    """
    shapes = {"one_cause": Shape(1), f"{_CAUSES}_causes": Shape(_CAUSES)}
    shapes["baseline_without_grouping"] = Shape(1, grouping=False)
    found: Figures = {}
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as name:
        async with servers() as running, child_process("tests.bench.notify.receivers") as line:
            await add_location(running.db)
            relay = msgspec.json.decode(line, type=Receivers).relay_port
            installed = Installation(running, Path(name), **_relay(relay))
            async with _scheduling_nothing(running.database_url), installed.controller() as controller:
                await _outage(await add_monitors(running, _WARM_UP, causes=1, grouping=True), grouping=True)
                for shape, (causes, grouping) in shapes.items():
                    print(f"  {shape}", file=sys.stderr)
                    made = await add_monitors(running, monitors, causes=causes, grouping=grouping)
                    controller.phase(shape)
                    found[shape] = await _outage(made, grouping=grouping)
                    controller.phase("between")
            return found | {"loop": _loop(controller.report())}


def _loop(report: Report) -> Figures:
    """What held up the controller's loop after its start: on a busy machine a stretch also waits for a core."""
    stretches = [one for one in report.stretches if one.phases != {_START}]
    return {
        "late_ms": {phase: spread(late) for phase, late in report.late_ms.items() if phase != _START},
        "longest_ms": max((one.worst_ms for one in stretches), default=None),
        "most_cpu_ms": max((one.worst_cpu_ms for one in stretches), default=None),
        "much_cpu": [
            f"{one.worst_cpu_ms} ms: {one.entry}, in {one.where} at {one.at}"
            for one in stretches
            if one.worst_cpu_ms > _MUCH_MS
        ],
    }


def _relay(port: int) -> dict[str, str]:
    return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none", "SMTP_FROM": "probe@example.net"}


@asynccontextmanager
async def _scheduling_nothing(url: str) -> AsyncIterator[None]:
    """Lead in place of the controller, because the results are made here."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", locks.LEADER)
        yield
    finally:
        await connection.close()


async def _outage(made: ManyMonitors, *, grouping: bool) -> Figures:
    """Without grouping the messages are counted, but not waited for, and nothing recovers."""
    began, published = await made.fail()
    await _until(made, _OPENED, len(made.monitors))
    recorded = await made.value(_RECORDED, began)
    await _all_told(made)
    await _until(made, _NONE_SENT, 0)
    until_recovery = await made.value(_MESSAGES)
    figures: Figures = {
        "messages_until_recovery": until_recovery,
        "outages_not_told_once": await made.value(_NOT_ONCE, "opened"),
        "first_message_out_s": round(await made.value(_FIRST, began), 2),
        "all_published_s": round(published, 2),
        "all_recorded_s": round(recorded, 1),
    }
    if not grouping:
        return figures
    again, _ = await made.recover()
    await _until(made, _OPEN, 0)
    over = await made.value(_OVER, again)
    await _all_told(made)
    await _until(made, _UNSENT, 0)
    return figures | {
        "messages_of_recovery": await made.value(_MESSAGES) - until_recovery,
        "ends_not_told_once": await made.value(_NOT_ONCE, "resolved"),
        "all_over_s": round(over, 1),
    }


async def _all_told(made: ManyMonitors) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while await made.value(_WAITING):
            await made.value(_PAUSE, timedelta(hours=1))
            await asyncio.sleep(_AGAIN_SECONDS)


async def _until(made: ManyMonitors, query: str, number: int) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while await made.value(query) != number:
            await asyncio.sleep(_AGAIN_SECONDS)
