"""Runs a program of the product with its loop watched, and writes the report to a file when it ends.

python -m tests.bench.loops.watched REPORT controller serve        names of phases come by standard input, a line each
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from tests.bench.loops.stretches import Watcher


def main() -> int:
    path, program, *arguments = sys.argv[1:]
    watcher = Watcher()

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop()
        loop.call_soon(watcher.follow, loop)
        loop.add_reader(0, _read_phase, loop, watcher)
        return loop

    def run(main: Coroutine[Any, Any, object]) -> object:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(main)

    uvloop.new_event_loop, uvloop.run = new_loop, run  # type: ignore[assignment]
    os.set_blocking(0, False)
    if program == "controller":
        from controller.__main__ import main as chosen
    else:
        from agent.__main__ import main as chosen
    watcher.install()
    try:
        return chosen(arguments)
    finally:
        Path(path).write_bytes(msgspec.json.encode(watcher.report()))


def _read_phase(loop: asyncio.AbstractEventLoop, watcher: Watcher) -> None:
    words = os.read(0, 4096).decode().split()
    if words:
        watcher.phase = words[-1]
    else:
        loop.remove_reader(0)


if __name__ == "__main__":
    sys.exit(main())
