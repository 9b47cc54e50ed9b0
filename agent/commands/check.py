"""`mailprobe-agent check URL`: one check from the shell, without broker or controller.

It may connect to every address, private ones too, because the user names the host. The password comes from
MAILPROBE_PASSWORD or a prompt, never from the command line, where every user of the machine could read it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import timedelta
from getpass import getpass
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import msgspec

from agent.checks.loop_lag import LoopLag
from agent.checks.runner import ProbeContext, run_check
from agent.commands.report import lines, show, terminal_style, write
from agent.dialogue.reach import Reach
from agent.net.resolve import Resolver
from agent.net.tls import NoRootsError, Trust, load_roots
from agent.settings import EhloName, LogLevel, default_ehlo_name
from shared import log as logging
from shared.clock import utc_now
from shared.command_line import add_version
from shared.secret import Secret
from shared.settings import SettingsError, Text, load, variable
from shared.wire import json_times
from shared.wire.messages import CheckRequest, CheckResult, ResultStatus
from shared.wire.rounds import Purpose
from shared.wire.target_url import DEFAULT_STARTTLS, SCHEMES, STARTTLS, CheckAddress, UsageError, kind_options, parse
from shared.wire.targets import IpFamily, Login

UP, DEGRADED, DOWN, OUR_FAULT, WRONG_USAGE = 0, 1, 2, 3, 64
_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_LONGEST_SECONDS = 300.0

_EPILOG = """\
examples:
  mailprobe-agent check smtp://mail.example.com:587 --starttls required
  mailprobe-agent check imaps://anna@imap.example.com --mailbox Archive --verbose
  mailprobe-agent check pop3s://anna%40example.com@pop.example.com --json
  mailprobe-agent check smtps://[2001:db8::25] --no-verify

The password is read from MAILPROBE_PASSWORD, or from a prompt when the URL has
a user. An @ in the user's name may be written as %40. Private addresses may be
checked, too.

exit status: 0 up, 1 degraded (passed, with warnings), 2 down, 3 the fault is
here (this machine, its name servers), 64 wrong usage"""


_STARTTLS_HELP = "whether to change to TLS; opportunistic: if the server offers it (default, as a monitor's: " + (
    ", ".join(f"{mode} for {kind}" for kind, mode in DEFAULT_STARTTLS.items()) + ")"
)


class _CheckEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that a check from the shell shares with an agent."""

    ca_file: Path | None = None
    control_name: Text = "example.com"
    ehlo_name: EhloName = ""
    log_level: LogLevel = "warning"


class Parser(argparse.ArgumentParser):
    """Wrong usage ends with status 64, as in sysexits.h; the small numbers are the findings of a command."""

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse the command line. An error does not repeat unexpected words: one may be a password."""
        given, unknown = self.parse_known_args(arguments)
        if unknown:
            options = [word.partition("=")[0] if word[:2] == "--" else word[:2] for word in unknown if word[:1] == "-"]
            self.error(f"no such option: {' '.join(options)}" if options else "too many arguments")
        return given

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG_USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Run one check and print its result. Exit status: see --help."""
    parser = new_parser()
    given = parser.read(arguments)
    try:
        environment = load(_CheckEnvironment)
        address = _address(given)
        login = None if address.user is None else _login(address.user, bearer=given.bearer)
        if given.bearer and login is None:
            raise UsageError("--bearer needs a user in the URL")
        trust = Trust(load_roots(given.ca_file or environment.ca_file))
    except (UsageError, SettingsError, NoRootsError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return WRONG_USAGE
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("\n")  # the prompt's line
        return WRONG_USAGE
    logging.configure(environment.log_level, "console")
    try:
        result = asyncio.run(_check(address, login, trust, environment, given.timeout, want_transcript=given.verbose))
        if given.json:
            write(json_times.encode(result) + b"\n")  # JSON is UTF-8 wherever it is written
        else:
            subject = address.target.SUBJECT
            show(lines(result, given.url, terminal_style(), subject=subject, transcript=given.verbose))
    except KeyboardInterrupt:
        return OUR_FAULT
    except Exception:  # noqa: BLE001 - Python's own status, 1, would mean that the check passed
        traceback.print_exc()
        return OUR_FAULT
    return _status(result)


def new_parser() -> Parser:
    parser = Parser(
        prog="mailprobe-agent check",
        description="Check one mail server from here, without broker or controller.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("url", metavar="URL", help=f"[{'|'.join(SCHEMES)}]://[user@]host[:port]")
    add("--starttls", choices=list(STARTTLS), help=_STARTTLS_HELP)
    add("--json", action="store_true", help="print the result as agents report it")
    add("-v", "--verbose", action="store_true", help="print the dialogue, too")
    add("--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="for the whole check (30)")
    add("--bearer", action="store_true", help="the password is an OAuth 2.0 access token")
    add("--ca-file", type=Path, metavar="FILE", help="further trusted CAs, PEM (MAILPROBE_CA_FILE)")
    add("--no-verify", action="store_true", help="report a bad certificate without failing for it")
    family = parser.add_mutually_exclusive_group()
    family.add_argument("-4", "--ipv4", action="store_true", help="use IPv4 only")
    family.add_argument("-6", "--ipv6", action="store_true", help="use IPv6 only")
    add("--warning-ms", type=_count, metavar="MS", help="warn when the check takes longer")
    add("--certificate-warning-days", type=_count, metavar="DAYS", help="warn when fewer days are left (14)")
    for name, by_kind in kind_options().items():
        text = "; ".join(f"{kind}: {option.help}" for kind, option in by_kind.items())
        add(f"--{name.replace('_', '-')}", metavar=next(iter(by_kind.values())).metavar, help=text)
    add_version(parser)
    return parser


def _address(given: argparse.Namespace) -> CheckAddress:
    return parse(
        given.url,
        starttls=given.starttls,
        verify_certificate=False if given.no_verify else None,
        ip_family=IpFamily.IPV4 if given.ipv4 else IpFamily.IPV6 if given.ipv6 else None,
        **{name: getattr(given, name) for name in ("warning_ms", "certificate_warning_days", *kind_options())},
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"must be more than 0 and at most {_LONGEST_SECONDS:g} seconds")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return count


def _login(user: str, *, bearer: bool) -> Login:
    """The login, its password from the environment or a prompt. Raises UsageError when neither is possible."""
    password = os.environ.get(variable("password"))  # not read as a setting, which would strip its spaces
    if not password:
        if not sys.stdin.isatty():
            raise UsageError("the URL has a user: set MAILPROBE_PASSWORD, or run this in a terminal to type it")
        password = getpass(f"{'Access token' if bearer else 'Password'} of {user}: ")
    return Login(user, Secret(password), bearer)


async def _check(
    address: CheckAddress,
    login: Login | None,
    trust: Trust,
    environment: _CheckEnvironment,
    seconds: float,
    *,
    want_transcript: bool,
) -> CheckResult:
    lag = LoopLag()
    now = utc_now()
    request = CheckRequest(
        check_id=uuid4(),
        monitor_id=uuid4(),
        location="here",
        country="ZZ",  # user-assigned in ISO 3166-1: no country
        purpose=Purpose.TRIGGERED,
        due_at=now,
        start_by=now + timedelta(seconds=seconds),
        timeout_seconds=seconds,
        target=msgspec.structs.replace(address.target, login=login),
        want_transcript=want_transcript,
    )
    with lag.watching():
        async with Resolver.open(environment.control_name) as resolver:
            reach = Reach(
                resolver=resolver,
                trust=trust,
                client_name=environment.ehlo_name or default_ehlo_name(),
                allowed=_ANYWHERE,
            )
            context = ProbeContext(
                agent="shell",
                location="here",
                country="ZZ",
                sealing_key=Secret(""),
                reach=reach,
                lag=lag,
            )
            return await run_check(request, context)


def _status(result: CheckResult) -> int:
    if result.status is ResultStatus.SUCCESS:
        return DEGRADED if result.warnings else UP
    return DOWN if result.status is ResultStatus.FAILURE else OUR_FAULT
