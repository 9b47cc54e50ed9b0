"""`mailprobe-agent`: reads settings, composes an agent and runs it until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Sequence

import structlog
import uvloop

from agent.connect import Reach
from agent.lag import Lag
from agent.net.resolve import Resolver
from agent.net.tls import NoRootsError, Trust, load_roots
from agent.runner import Station
from agent.settings import Settings, read_settings
from agent.worker import KINDS, Worker
from shared import log as logging
from shared.bus import Bus
from shared.settings import SettingsError

log = structlog.get_logger()

_WRONG_SETTINGS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 after an orderly stop, 1 when cut short, 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="mailprobe-agent", description="Run mail checks for one location.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="take checks from the broker and run them")
    run.add_argument("--enrolment", metavar="FILE", help="the file that `mailprobe-controller locations add` wrote")
    run.add_argument("--country", metavar="CC", help="country code, with MAILPROBE_NATS_URL and MAILPROBE_SEALING_KEY")
    run.add_argument("--location", metavar="CODE", help="location code (default: the country in lower case)")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings(enrolment=given.enrolment, country=given.country, location=given.location)
        trust = Trust(load_roots(settings.ca_file))
    except (SettingsError, NoRootsError) as error:
        print(error, file=sys.stderr)
        return _WRONG_SETTINGS
    logging.configure(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_until_signalled(settings, trust))


async def run_agent(settings: Settings, trust: Trust, stop: asyncio.Event) -> None:
    """Compose an agent and run it until `stop` is set."""

    async def connected() -> None:
        await worker.beat()

    lag = Lag()
    url = settings.nats_url.reveal()
    with lag.watching():
        async with (
            Resolver.open(settings.control_name) as resolver,
            Bus.open(url, name=f"agent {settings.agent_name}", on_connect=connected) as bus,
        ):
            station = Station(
                agent=settings.agent_name,
                location=settings.location,
                country=settings.country,
                sealing_key=settings.sealing_key,
                reach=Reach(
                    resolver=resolver,
                    trust=trust,
                    client_name=settings.ehlo_name,
                    allowed=tuple(network.value for network in settings.allow_networks),
                ),
                lag=lag,
            )
            worker = Worker(
                bus,
                station,
                concurrency=settings.concurrency,
                per_second=settings.starts_per_second,
                drain_seconds=settings.drain_seconds,
            )
            log.info("agent_started", agent=station.agent, location=station.location, kinds=KINDS)
            await worker.run(stop)


async def _until_signalled(settings: Settings, trust: Trust) -> int:
    """Stop in order at the first signal, at once at the second."""
    stop = asyncio.Event()
    agent = asyncio.ensure_future(run_agent(settings, trust, stop))

    def signalled() -> None:
        if stop.is_set():
            agent.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    gc.freeze()  # what start-up made lives as long as the process; the collector need not look at it again
    try:
        await agent
    except asyncio.CancelledError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
