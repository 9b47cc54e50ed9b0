"""The command that the page of a check shows is understood by the agent, and checks the same target."""

from __future__ import annotations

import shlex

import pytest

from agent.commands.check import _address, _parser
from controller.pages.check.command import command_of
from shared.wire.targets import ImapTarget, IpFamily, Pop3Target, SmtpTarget, Target, TlsMode


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
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("mailprobe-agent", "check")
    given = _parser().read(arguments)
    address = _address(given)
    assert (address.target, address.user) == (target, user)
    assert (given.timeout, given.bearer, given.verbose) == (12, bearer, True)


def test_defaults_are_left_out() -> None:
    target = SmtpTarget(host="mx.example.com", port=25)
    command = command_of(target, user=None, bearer=False, timeout_seconds=30)
    assert command == "mailprobe-agent check -v smtp://mx.example.com:25"
