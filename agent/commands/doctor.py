"""`mailprobe-agent doctor`: examines whether checks can run from this machine; prints a table, sets an exit status."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.commands.check import WRONG_USAGE, Parser
from agent.commands.diagnostics import BrokerLogin, Diagnostics, Row, State, examine
from agent.commands.report import Style, show, terminal_style
from agent.settings import PORT25_HOSTS, HostNames, read_settings
from shared import log as logging
from shared.command_line import add_version
from shared.settings import SettingsError, Text, load

_EPILOG = """\
Exit status: 0 fit, 1 something limits what can be checked or how well, 2 no checks can run from here, 64 wrong usage.
Clock and broker are examined when an enrolment is given, or MAILPROBE_NATS_URL and the other settings of an agent."""


class _DoctorEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that doctor shares with an agent; it needs no others to examine only the machine."""

    control_name: Text = "example.com"
    enrolment: Path | None = None
    nats_url: str | None = None
    port25_hosts: HostNames = PORT25_HOSTS


def main(arguments: Sequence[str]) -> int:
    """Examine this machine and print a table. Exit status: see --help."""
    parser = new_parser()
    given = parser.read(arguments)
    try:
        environment = load(_DoctorEnvironment, enrolment=given.enrolment)
        hosts = HostNames(" ".join(given.hosts)).value
        broker_login = None
        if environment.enrolment is not None or environment.nats_url is not None:
            settings = read_settings(enrolment=given.enrolment)
            broker_login = BrokerLogin(settings.broker, settings.country, settings.location)
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return WRONG_USAGE
    logging.configure("critical", "console")
    request = Diagnostics(
        hosts=hosts,
        port25_hosts=environment.port25_hosts.value,
        control_name=environment.control_name,
        broker_login=broker_login,
    )
    try:
        rows = asyncio.run(examine(request))
    except KeyboardInterrupt:
        return State.LIMITED.value
    style = terminal_style()
    width = max(len(row.what) for row in rows)
    show(_line(row, width, style) for row in rows)
    return max(row.state for row in rows).value


def new_parser() -> Parser:
    parser = Parser(
        prog="mailprobe-agent doctor", description="Examine whether checks can run from this machine.", epilog=_EPILOG
    )
    parser.add_argument(
        "hosts", metavar="HOST", nargs="*", help="mail servers to try all ports of, at each of their addresses"
    )
    parser.add_argument("--enrolment", metavar="FILE", help="the agent's enrolment file, for clock and broker")
    add_version(parser)
    return parser


def _line(row: Row, width: int, style: Style) -> str:
    paint = {State.FIT: style.good, State.SKIPPED: style.faint, State.LIMITED: style.odd, State.UNFIT: style.bad}
    return f"{paint[row.state](f'{row.state.name.lower():<7}')}  {row.what:<{width}}  {row.detail}"
