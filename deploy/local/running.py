"""Starts everything on this machine, and stops it in order on Ctrl-C, SIGTERM or SIGHUP."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from deploy.local import LocalError
from deploy.local.composition import Composition, steps
from deploy.local.data import opened
from deploy.local.options import Options, parse
from deploy.local.progress import Progress
from deploy.local.supervisor import supervising
from shared import log


def run() -> None:
    """Exit status 0 after an orderly stop, 1 with one line on standard error when it cannot start. Raises SystemExit,
    KeyboardInterrupt before the signal handlers are installed.
    """
    log.configure(os.environ.get("MAILPROBE_LOG_LEVEL") or "info")
    try:
        asyncio.run(_until_signal(parse()))
    except LocalError as error:
        print(f"mailprobe-local: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"mailprobe-local: {error.filename or 'this machine'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


async def _until_signal(options: Options) -> None:
    running = asyncio.create_task(_run(options), name="run")
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:  # a second Ctrl-C must not cut the orderly stop short
            stopping = True
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # SIGHUP is ignored under nohup
            loop.add_signal_handler(number, stop)
    parent = os.getppid() if options.stop_with_parent else None
    while not running.done():
        if parent not in (None, os.getppid()):
            stop()
        await asyncio.wait([running], timeout=0.5)
    if not running.cancelled():
        running.result()


async def _run(options: Options) -> None:
    with opened(options.data) as data:
        composition: Composition | None = None

        def started() -> None:
            if composition:
                composition.write_record()

        progress = Progress(sys.stdout, sys.stderr, steps())
        log.configure(os.environ.get("MAILPROBE_LOG_LEVEL") or "info", stream=progress.beside)
        async with supervising(on_start=started, console=progress.beside) as supervisor:
            composition = Composition(options, data, supervisor, progress)
            try:
                await composition.start()
                await asyncio.Event().wait()
            finally:
                await composition.stop()
