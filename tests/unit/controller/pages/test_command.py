"""The command that the page of a check shows is understood by the agent, and checks the same target."""

from __future__ import annotations

import shlex

import pytest

from agent.commands.check import _address, new_parser
from controller.pages.check.command import command_of
from shared.wire.targets import IpFamily, Server, Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.kinds import PairTarget, ZoneTarget


@pytest.mark.parametrize(
    ("target", "user", "bearer"),
    [
        (SmtpTarget(host="mx.example.com", port=25), None, False),
        (SmtpTarget(host="mx.example.com", port=465, tls=TlsMode.IMPLICIT), "anna@example.com", False),
        (SmtpTarget(host="2001:db8::1", port=587, tls=TlsMode.REQUIRED, verify_certificate=False), "ü/@:?#", True),
        (
            SmtpTarget(
                host="mx.example.com",
                port=25,
                tls=TlsMode.NONE,
                ehlo_name="-probe.example.com",
                mail_from="'; rm -rf /",
                rcpt_to="b o b@example.com",
                warning_ms=500,
                certificate_warning_days=30,
                ip_family=IpFamily.IPV6,
            ),
            None,
            False,
        ),
        (ImapTarget(host="192.0.2.1", port=143, mailbox="Entwürfe $(id)", ip_family=IpFamily.IPV4), "u", False),
        (Pop3Target(host="pop.example.com", port=995, tls=TlsMode.IMPLICIT), "u", False),
    ],
    ids=["plain", "implicit TLS", "IPv6 literal", "every option of SMTP", "IMAP", "POP3"],
)
def test_the_agent_reads_the_same_target_from_it(target: Target, user: str | None, bearer: bool) -> None:
    command = command_of(target, user=user, bearer=bearer, timeout_seconds=12)
    assert command is not None
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("mailprobe-agent", "check")
    given = new_parser().read(arguments)
    address = _address(given)
    assert (address.target, address.user) == (target, user)
    assert (given.timeout, given.bearer, given.verbose) == (12, bearer, True)


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (SmtpTarget(host="mx.example.com", port=25), "smtp://mx.example.com:25"),
        (ImapTarget(host="mx.example.com", port=143, tls=TlsMode.NONE), "imap://mx.example.com:143"),
        (Pop3Target(host="mx.example.com", port=110, tls=TlsMode.NONE), "pop3://mx.example.com:110"),
    ],
    ids=["SMTP", "IMAP", "POP3"],
)
def test_defaults_are_left_out(target: Target, url: str) -> None:
    command = command_of(target, user=None, bearer=False, timeout_seconds=30)
    assert command == f"mailprobe-agent check -v {url}"


def test_a_target_that_no_url_names_has_no_command() -> None:
    server = Server(host="mx.example.com", port=587)
    for target in (ZoneTarget(domain="example.com"), PairTarget(sender=server, reader=server)):
        assert command_of(target, user=None, bearer=False, timeout_seconds=30) is None
