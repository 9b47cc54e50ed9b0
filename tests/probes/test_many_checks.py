"""Ten thousand checks, passing, failing and cut short, leave nothing behind: no socket, no task, no memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from pathlib import Path

from agent.checks.runner import ProbeContext, run_check
from shared.wire.targets.smtp import SmtpTarget
from tests.bench.processes import child_process
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import request
from tests.fakes.scripted_server import closed_port, hanging

CHECKS = 10_000
AT_ONCE = 100
GROWTH_BYTES = 400_000  # 40 bytes a check: less than any object that a check could leave


async def test_ten_thousand_checks_leave_nothing_behind(context: ProbeContext) -> None:
    async with child_process("tests.bench.responder") as line, hanging(ADDRESS) as silent_port:
        passing = request(SmtpTarget(host=ADDRESS, port=int(line)))
        refused = request(SmtpTarget(host=ADDRESS, port=closed_port()))
        expiring = request(SmtpTarget(host=ADDRESS, port=silent_port), timeout_seconds=0.02)
        kinds = (passing, passing, refused, expiring, None)
        ends: Counter[str] = Counter()

        async def one(number: int) -> None:
            check_request = kinds[number % len(kinds)]
            if check_request is not None:
                failure = (await run_check(check_request, context)).failure
                ends[failure.kind if failure else "passed"] += 1
                return
            check = asyncio.create_task(run_check(passing, context))
            for _ in range(number // len(kinds) % 8):  # cancel it at different steps
                await asyncio.sleep(0)
            cut_short = check.cancel()
            await asyncio.wait([check])
            assert check.cancelled() is cut_short
            ends["cancelled" if cut_short else "passed before"] += 1

        async def many(count: int) -> None:
            for begin in range(0, count, AT_ONCE):
                async with asyncio.TaskGroup() as group:
                    for number in range(begin, begin + AT_ONCE):
                        group.create_task(one(number))

        await many(1000)  # fill caches and arenas
        tracemalloc.start()
        try:
            gc.collect()
            before, descriptors, tasks = (
                tracemalloc.get_traced_memory()[0],
                open_descriptors(),
                len(asyncio.all_tasks()),
            )
            ends.clear()
            await many(CHECKS)
            async with asyncio.timeout(10):
                while open_descriptors() > descriptors:
                    await asyncio.sleep(0.01)
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] - before < GROWTH_BYTES
        finally:
            tracemalloc.stop()
    assert len(asyncio.all_tasks()) <= tasks
    assert ends.total() == CHECKS
    assert (ends["passed"], ends["refused"]) == (CHECKS * 2 / 5, CHECKS / 5)
    assert ends["cancelled"] > CHECKS / 10
    # With so short a deadline the loop is often late for half of it, and then the agent is at fault: both are right.
    assert ends["timeout"] + ends["agent_error"] == CHECKS / 5


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
