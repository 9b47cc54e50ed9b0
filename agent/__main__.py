"""`mailprobe-agent`: run checks for a location, check one server from the shell, or examine whether this machine can.

Each command imports its modules only when it is chosen, so that no command waits for the imports of another.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import sys
from collections.abc import Sequence

from shared.command_line import add_completion, add_version

_OTHERS = {
    "check": "check one server from here, without broker or controller",
    "doctor": "examine whether checks can run from this machine",
}

INTERRUPTED = 1
WRONG_SETTINGS = 2

GARBAGE_THRESHOLD = 20_000
"""New objects between two runs of the garbage collector. Checks leave hardly any reference cycles, and with Python's
default of 700 the collector would run during every other check. This costs 2 MB and saves a fortieth of the CPU."""

_EPILOG = """\
exit status of `run`: 0 after an orderly stop, 1 if it was cut short, 2 for wrong settings or usage, 77 when NATS has
refused the agent for a minute because its location's keys were ended or the location is disabled; settings come from
MAILPROBE_* variables; `mailprobe-agent COMMAND --help` describes each command"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status of `run`: 0 after an orderly stop, 1 if interrupted, 2 for wrong settings, 77 if NATS refuses it."""
    try:
        return _chosen(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # while modules are imported; commands handle it themselves
        return INTERRUPTED


def _chosen(given: list[str]) -> int:
    if given[:1] == ["check"]:
        from agent.commands.check import main as check

        return check(given[1:])
    if given[:1] == ["doctor"]:
        from agent.commands.doctor import main as doctor

        return doctor(given[1:])
    return _run(_parser().parse_args(given))


def _whole_parser() -> argparse.ArgumentParser:
    """The parser with the options of every command, for completion in shells."""
    from agent.commands import check, doctor

    return _parser(check=check.new_parser(), doctor=doctor.new_parser())


def _parser(**others: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """`others` are the parsers of the commands that read their own options."""
    parser = argparse.ArgumentParser(
        prog="mailprobe-agent", description="Checks mail servers from where it runs.", epilog=_EPILOG
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="take checks from the broker and run them", epilog=_EPILOG)
    run.add_argument("--enrolment", metavar="FILE", help="the file that `mailprobe-controller locations add` wrote")
    run.add_argument("--country", metavar="CC", help="country code, with MAILPROBE_NATS_URL and MAILPROBE_SEALING_KEY")
    run.add_argument("--location", metavar="CODE", help="location code (default: the country in lower case)")
    run.add_argument("--processes", metavar="N", help="how many processes share the work (default: one per core)")
    run.add_argument("--parent", type=int, help=argparse.SUPPRESS)  # the socket to the parent process
    for name, text in _OTHERS.items():
        commands.add_parser(name, help=text, parents=[others[name]] if name in others else [], add_help=False)
    add_version(parser)
    add_completion(parser, _whole_parser)
    return parser


def _run(given: argparse.Namespace) -> int:
    import uvloop

    from agent.app import until_signalled
    from agent.net.tls import NoRootsError, Trust, load_roots
    from agent.settings import read_settings
    from shared import log as logging
    from shared.settings import SettingsError

    options = {name: getattr(given, name) for name in ("enrolment", "country", "location", "processes")}
    try:
        settings = read_settings(**options)
        trust = Trust(load_roots(settings.ca_file))
    except (SettingsError, NoRootsError) as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS
    logging.configure(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if settings.processes > 1 and given.parent is None:
            from agent.processes import run_processes

            child_arguments = [
                f"--{name}={word}" for name, word in options.items() if word is not None and name != "processes"
            ]
            return runner.run(run_processes(settings, child_arguments))
        gc.collect()
        gc.freeze()  # objects made at start-up live as long as the process, so the collector can skip them
        gc.set_threshold(GARBAGE_THRESHOLD)
        parent = None if given.parent is None else socket.socket(fileno=given.parent)
        return runner.run(until_signalled(settings, trust, parent))


if __name__ == "__main__":
    sys.exit(main())
