"""The last commands of each protocol, and the scripts of servers that take them at once, one at a time, or not."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import FailureKind
from shared.wire.messages import CheckResult
from shared.wire.targets import Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import request
from tests.fakes.scripted_server import Hang, Receive, Script, ScriptedServer
from tests.probes.scripted.case import LOGIN, PLAIN

SECONDS = 2.0


class Dialogue(NamedTuple):
    """What a check says up to its last commands, these with their answers, and the failure if the first is refused."""

    target: type[Target]
    before: Script
    commands: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]
    refusal: str
    refused: FailureKind

    @property
    def one_at_a_time(self) -> Script:
        steps = [(f"C: {command}", *answer) for command, answer in zip(self.commands, self.answers, strict=True)]
        return (*self.before, *(step for group in steps for step in group))

    @property
    def at_once(self) -> Script:
        """The server answers when it has all commands."""
        return (
            *self.before,
            *(f"C: {command}" for command in self.commands),
            *(line for answer in self.answers for line in answer),
        )

    @property
    def losing_what_comes_with_a_command(self) -> Script:
        _, *rest = self.commands
        steps = [(f"C: {command}", *answer) for command, answer in zip(rest, self.answers[1:], strict=True)]
        return (*self.before, Receive(), *self.answers[0], *(step for group in steps for step in group))

    @property
    def refusing(self) -> Script:
        """The first command is refused, and so is what comes with it."""
        return (*self.before, Receive(), self.refusal)

    @property
    def after_upgrade(self) -> Dialogue:
        """What follows STARTTLS, without a greeting; IMAP counts on."""
        if self.target is ImapTarget:
            numbered = [(f"A{number} ", f"A{number + 2} ") for number in (3, 2, 1)]

            def counted_on(text: str) -> str:
                for old, new in numbered:
                    text = text.replace(old, new)
                return text

            before: Script = (
                "C: A2 CAPABILITY",
                "S: * CAPABILITY IMAP4rev1",
                "S: A2 OK",
                "C: A3 LOGIN",
                "S: A3 OK [CAPABILITY IMAP4rev1] in",
            )
            answers = tuple(tuple(map(counted_on, answer)) for answer in self.answers)
            return self._replace(before=before, commands=tuple(map(counted_on, self.commands)), answers=answers)
        return self._replace(before=self.before[1:])

    @property
    def losing_only_the_last(self) -> Script:
        return (*self.before, Receive(), *(line for answer in self.answers[:-1] for line in answer), Hang())

    @property
    def hanging(self) -> Script:
        return (*self.before, Receive(), Hang())

    @property
    def leaving_quit_unanswered(self) -> Script:
        """Each command gets its answer when it was sent alone, the last one none."""
        return (*self.one_at_a_time[: -len(self.answers[-1])], Hang())


SMTP = Dialogue(
    SmtpTarget,
    ("S: 220 hi", "C: EHLO", "S: 250-x", "S: 250 PIPELINING"),
    ("MAIL FROM:<>", "RCPT TO:<bob@example.test>", "RSET", "QUIT"),
    (("S: 250 ok",), ("S: 250 ok",), ("S: 250 ok",), ("S: 221 bye",)),
    "S: 550 5.7.1 not you",
    FailureKind.POLICY_REFUSAL,
)
IMAP = Dialogue(
    ImapTarget,
    ("S: * OK [CAPABILITY IMAP4rev1] hi", "C: A1 LOGIN", "S: A1 OK [CAPABILITY IMAP4rev1] in"),
    ("A2 EXAMINE", "A3 LOGOUT"),
    (("S: * 3 EXISTS", "S: A2 OK"), ("S: * BYE", "S: A3 OK")),
    "S: A2 NO gone",
    FailureKind.MAILBOX_MISSING,
)
POP3 = Dialogue(
    Pop3Target,
    ("S: +OK hi", "C: CAPA", "S: +OK", "S: SASL PLAIN", "S: PIPELINING", "S: .", "C: AUTH PLAIN " + PLAIN, "S: +OK in"),
    ("STAT", "QUIT"),
    (("S: +OK 3 400",), ("S: +OK bye",)),
    "S: -ERR [SYS/PERM] gone",
    FailureKind.MAILBOX_MISSING,
)
every_protocol = pytest.mark.parametrize(
    "dialogue", [pytest.param(each, id=each.target.__name__) for each in (SMTP, IMAP, POP3)]
)


async def checked(
    dialogue: Dialogue, server: ScriptedServer, context: ProbeContext, monitor: UUID | None = None, **options: Any
) -> CheckResult:
    """The result of a check of the server with these options of its target."""
    options = {"tls": TlsMode.NONE, "host": ADDRESS, **options}
    if dialogue.target is SmtpTarget:
        target: Target = SmtpTarget(port=server.port, rcpt_to="bob@example.test", **options)
        return await run_check(request(target, timeout_seconds=SECONDS, monitor_id=monitor), context)
    target = dialogue.target(port=server.port, **options)
    return await run_check(request(target, login=LOGIN, timeout_seconds=SECONDS, monitor_id=monitor), context)
