"""How many checks a second one controller publishes, how late, and what scheduling costs in CPU and memory.

The monitors exist in memory only (a gap or a dispatch row needs no more than their ids); broker and database are real.
"""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Sequence
from uuid import UUID, uuid4

from controller.decisions.schedule import PlannedCheck, Wheel, due_after_ms
from controller.model import Location, ScheduledMonitor
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.roster import Roster
from controller.pipeline.rounds import Rounds
from controller.store.pool import Database
from controller.store.schedule import leadership
from controller.vault import Vault, VaultKeys, new_key
from shared.bus import Bus, Message
from shared.clock import now_ms
from shared.rounds import Purpose, to_datetime
from shared.sealing import new_key_pair
from shared.targets import KINDS

INTERVAL_SECONDS = 60


class TimedDispatcher(Dispatcher):
    """Records how late the broker had each check."""

    late_ms: list[int]

    async def dispatch(self, checks: Sequence[PlannedCheck]) -> None:
        await super().dispatch(checks)
        now = now_ms()
        self.late_ms += [now - check.due_ms for check in checks]


def monitors(count: int, changed_ms: int) -> list[ScheduledMonitor]:
    """Monitors whose first round is long past."""
    moment = to_datetime(changed_ms)
    return [
        ScheduledMonitor(
            id=number,
            public_id=UUID(int=uuid4().int),
            kind=KINDS[0],
            hostname="smtp.example.com",
            port=25,
            config={},
            interval_seconds=INTERVAL_SECONDS,
            timeout_seconds=30,
            allowed_check_country_codes=None,
            target_changed_at=moment,
            updated_at=moment,
        )
        for number in range(count)
    ]


async def publish(db: Database, url: str, bus: Bus, *, count: int, locations: int, seconds: float) -> dict[str, float]:
    """Schedule `count` monitors at 60 s from `locations` places for a while, as the leader does."""
    roster = Roster(db, bus)
    here = [
        Location(id=n, code=f"l{n}", name="", country_code="DE", enabled=True, public_key=new_key_pair()[1])
        for n in range(1, locations + 1)
    ]
    roster._locations = here
    roster._ready = {location.id: frozenset(KINDS) for location in here}
    dispatcher = TimedDispatcher(db, bus, Vault(VaultKeys(new_key().reveal())))
    dispatcher.late_ms = []
    async with leadership(url, "bench") as lead:
        now = now_ms()
        await lead.skip(now, [])
        rounds = Rounds(lead, roster, dispatcher)
        await rounds.begin(monitors(count, now - 3_600_000))
        cpu, start = time.process_time(), time.monotonic()
        while time.monotonic() - start < seconds:
            await rounds.tick()
            await asyncio.sleep((100 - now_ms() % 100) / 1000)
        wall, cpu = time.monotonic() - start, time.process_time() - cpu
    late = sorted(dispatcher.late_ms)
    return {
        "monitors": count,
        "locations": locations,
        "wanted_per_second": count * locations / INTERVAL_SECONDS,
        "published_per_second": round(len(late) / wall, 1),
        "late_p50_ms": late[len(late) // 2],
        "late_p99_ms": late[len(late) * 99 // 100],
        "cpu_cores": round(cpu / wall, 3),
    }


async def full_speed(bus: Bus, db: Database, count: int = 20_000) -> dict[str, float]:
    """Checks a second when everything is due at once, beside bare publishing of the same bytes (the baseline)."""
    dispatcher = Dispatcher(db, bus, Vault(VaultKeys(new_key().reveal())))
    location = Location(id=1, code="l1", name="", country_code="DE", enabled=True, public_key=new_key_pair()[1])
    checks = [
        PlannedCheck(monitor, now_ms(), location, Purpose.SCHEDULED) for monitor in monitors(count, now_ms() - 1000)
    ]
    start = time.monotonic()
    await dispatcher.dispatch(checks)
    ours = count / (time.monotonic() - start)
    bare = [
        Message(message.subject, message.body, message.message_id + "b", message.ttl_seconds)
        for message in map(dispatcher._message, checks)
    ]
    start = time.monotonic()
    await bus.publish_all(bare)
    baseline = count / (time.monotonic() - start)
    return {
        "dispatched_per_second": round(ours),
        "bare_publish_per_second": round(baseline),
        "ratio": round(ours / baseline, 3),
    }


def wheel(count: int, seconds: int = 60) -> dict[str, float]:
    """CPU of the arithmetic alone in virtual time, and the memory of wheel and monitors."""
    tracemalloc.start()
    now = now_ms()
    plan = {monitor.id: monitor for monitor in monitors(count, now - 3_600_000)}
    before = tracemalloc.get_traced_memory()[0]
    it = Wheel(now)
    for number, monitor in plan.items():
        it.put(number, due_after_ms(monitor, now))
    memory = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    cpu, due = time.process_time(), 0
    for moment in range(now, now + seconds * 1000, 100):
        for number, due_ms in it.take(moment):
            it.put(number, due_after_ms(plan[number], due_ms))
            due += 1
    cpu = time.process_time() - cpu
    return {
        "monitors": count,
        "cpu_percent_of_a_core": round(100 * cpu / seconds, 2),
        "microseconds_per_round": round(1e6 * cpu / max(due, 1), 2),
        "wheel_mib": round(memory / 2**20, 1),
        "monitors_mib": round(before / 2**20, 1),
    }
