"""The supervisor with small programs: it restarts what dies and ends what must end, and nothing outlives it."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import LocalError
from deploy.local.supervisor import Part, supervising
from tests.conftest import requires

PATH = {"PATH": os.environ["PATH"]}
REPOSITORY = Path(__file__).parents[3]


def shell(name: str, script: str, **more: object) -> Part:
    return Part(name=name, command=["sh", "-c", script], environ=PATH, **more)  # type: ignore[arg-type]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_part_that_dies_is_started_again_and_logged() -> None:
    starts: list[int] = []
    async with supervising(on_start=lambda: starts.append(1), pause_seconds=0.02) as supervisor:
        await supervisor.start(shell("part", "exec sleep 60"))
        first = supervisor.pids["part"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids.get("part") not in (None, first))
        second = supervisor.pids["part"]
        assert runs(second)
        assert len(starts) == 2
    assert not runs(second)


async def test_the_pause_between_two_lives_is_kept() -> None:
    moments: list[float] = []
    async with supervising(on_start=lambda: moments.append(time.monotonic()), pause_seconds=0.2) as supervisor:
        await supervisor.start(shell("part", "sleep 0.05; exit 3"))
        await until(lambda: len(moments) >= 3)
    assert moments[2] - moments[1] >= 0.2


@pytest.mark.parametrize("logs", [True, False], ids=["to its log", "to the console"])
@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param("echo one; printf '\\033[31mwhy\\033[0m\\n\\n'; exit 1", ": why", id="with a last line"),
        pytest.param("head -c 10000 /dev/zero | tr '\\0' '\\n'; exit 1", "", id="with empty lines"),
        pytest.param("exit 1", "", id="silently"),
    ],
)
async def test_a_part_that_does_not_stay_up_is_named_with_the_reason(
    tmp_path: Path, script: str, why: str, logs: bool
) -> None:
    async def never() -> bool:
        return False

    log = tmp_path / "part.log" if logs else None
    async with supervising(pause_seconds=0.01, console=io.StringIO()) as supervisor:
        with pytest.raises(LocalError) as refused:
            await supervisor.start(shell("part", script, ready=never, log_path=log))
    assert str(refused.value) == f"part does not stay up{why}{f'; see {log}' if log else ''}"


async def test_a_part_with_wrong_settings_is_started_once() -> None:
    async def never() -> bool:
        return False

    starts: list[int] = []
    async with supervising(on_start=lambda: starts.append(1), pause_seconds=60, console=io.StringIO()) as supervisor:
        with pytest.raises(LocalError, match=r"^part does not stay up: X must be a port$"):
            await supervisor.start(shell("part", "echo X must be a port; exit 2", ready=never, wrong_settings=2))
    assert len(starts) == 1


async def test_a_part_that_is_not_ready_in_time_is_named() -> None:
    async def never() -> bool:
        return False

    async with supervising() as supervisor:
        with pytest.raises(LocalError, match=r"^part is not ready after 0 s$"):
            await supervisor.start(shell("part", "echo fine; exec sleep 60", ready=never), seconds=0.1)


async def test_a_part_that_is_not_ready_in_time_and_died_is_named_with_the_reason() -> None:
    async def never() -> bool:
        return False

    async with supervising(pause_seconds=60, console=io.StringIO()) as supervisor:
        with pytest.raises(LocalError, match=r"^part is not ready after 2 s: why$"):
            await supervisor.start(shell("part", "echo why; exit 1", ready=never), seconds=2)


async def test_a_program_that_is_not_there_is_tried_again_and_named() -> None:
    async with supervising(pause_seconds=0.01) as supervisor:
        with pytest.raises(LocalError, match="part does not stay up"):
            await supervisor.start(
                Part(name="part", command=["/no/such/program"], environ=PATH, prefix=("/no/prefix",))
            )


async def test_parts_end_in_the_reverse_of_their_order(tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = "trap 'echo {} >>\"$ORDER\"; exit' TERM; echo up; while :; do sleep 0.01; done"
    console = io.StringIO()
    async with supervising(console=console) as supervisor:
        for name in ("first", "second", "third"):
            environ = PATH | {"ORDER": str(order)}
            command = ["sh", "-c", script.format(name)]
            await supervisor.start(Part(name=name, command=command, environ=environ, stop=((signal.SIGTERM, 20.0),)))
        await until(lambda: console.getvalue().count("up") == 3)
    assert order.read_text().split() == ["third", "second", "first"]


async def test_a_part_that_ignores_the_signal_is_killed() -> None:
    console = io.StringIO()
    async with supervising(console=console) as supervisor:
        script = "trap '' TERM; echo deaf; while :; do sleep 0.01; done"
        await supervisor.start(shell("part", script, stop=((signal.SIGTERM, 0.1),)))
        await until(lambda: "deaf" in console.getvalue())
        pid = supervisor.pids["part"]
    assert not runs(pid)


async def test_each_line_carries_its_part_and_a_line_without_end_does_no_harm() -> None:
    console = io.StringIO()
    async with supervising(console=console) as supervisor:
        script = "echo one; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo two; exec sleep 60"
        await supervisor.start(shell("part", script))
        await until(lambda: "two" in console.getvalue())
    lines = console.getvalue().splitlines()
    assert lines[0] == "part       | one"
    assert lines[-1] == "part       | two"
    assert sum(map(len, lines)) < 3_000_000


async def test_a_closed_console_stops_nothing() -> None:
    console = io.StringIO()
    console.close()
    async with supervising(console=console, pause_seconds=0.01) as supervisor:
        await supervisor.start(shell("part", "echo one; exec sleep 60"))
        pid = supervisor.pids["part"]
        await asyncio.sleep(0.05)
        assert supervisor.pids["part"] == pid


async def test_what_goes_wrong_inside_leaves_as_it_is_and_ends_the_parts() -> None:
    pids: list[int] = []

    async def fail() -> None:
        async with supervising() as supervisor:
            await supervisor.start(shell("part", "exec sleep 60"))
            pids.append(supervisor.pids["part"])
            raise LocalError("as it is")

    with pytest.raises(LocalError, match="as it is"):
        await fail()
    assert not runs(pids[0])


async def test_a_big_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_bytes(b"old" * 4_000_000)
    async with supervising() as supervisor:
        await supervisor.start(shell("part", "echo new; exec sleep 60", log_path=log))
        await until(lambda: log.read_text() == "new\n")
    assert log.with_suffix(".log.1").stat().st_size == 12_000_000


_SUPERVISE = """
import asyncio, sys
from deploy.local.supervisor import Part, supervising

async def main():
    async with supervising() as supervisor:
        await supervisor.start(Part(name="part", command=["sleep", "60"], environ={"PATH": sys.argv[1]}))
        print("pid", supervisor.pids["part"], flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["death signal", "watcher"])
def test_killed_supervisor_leaves_nothing_behind(way: str, tmp_path: Path) -> None:
    path = os.environ["PATH"]
    if way == "watcher":  # as on macOS, which has no setpriv
        for name in ("sh", "sleep"):
            (tmp_path / name).symlink_to(str(shutil.which(name)))
        path = str(tmp_path)
    else:
        requires(shutil.which("setpriv"), "setpriv of util-linux")
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISE, path],
        env={"PATH": path},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as supervisor:
        assert supervisor.stdout
        pid = next(int(line.split()[1]) for line in supervisor.stdout if line.startswith(b"pid "))
        assert runs(pid)
        supervisor.kill()
    deadline = time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_a_part_that_is_restarted_ends_and_is_started_again() -> None:
    async with supervising(pause_seconds=0.02) as supervisor:
        await supervisor.start(shell("part", "trap 'exit 0' TERM; while :; do sleep 0.05; done"))
        first = supervisor.pids["part"]
        await supervisor.restart("part")
        await until(lambda: supervisor.pids.get("part") not in (None, first))
        assert not runs(first)
        await supervisor.restart("no such part")


async def test_a_part_that_does_not_end_is_killed_for_its_restart() -> None:
    async with supervising(pause_seconds=0.02) as supervisor:
        part = shell("part", "trap '' TERM; while :; do sleep 0.05; done", stop=((signal.SIGTERM, 0.2),))
        await supervisor.start(part)
        first = supervisor.pids["part"]
        await supervisor.restart("part")
        await until(lambda: supervisor.pids.get("part") not in (None, first))
        assert not runs(first)
