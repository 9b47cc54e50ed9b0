"""What an SMTP check looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from shared.wire.failures import Phase
from shared.wire.targets.base import Option, Server


class SmtpTarget(Server, frozen=True, kw_only=True, tag_field="kind", tag="smtp"):
    """An SMTP server. With `rcpt_to` the check tests whether that recipient is accepted from `mail_from` ("": the null
    reverse-path), and stops before DATA. `ehlo_name` replaces the agent's own name.
    """

    ORDER: ClassVar[int] = 0
    PHASES: ClassVar[tuple[Phase, ...]] = (
        Phase.RESOLVE,
        Phase.CONNECT,
        Phase.TLS,
        Phase.GREETING,
        Phase.EHLO,
        Phase.STARTTLS,
        Phase.AUTH,
        Phase.ENVELOPE,
        Phase.QUIT,
    )
    SUBJECT: ClassVar[str] = "mail server"
    PORTS: ClassVar[tuple[int | None, int | None]] = (25, 465)
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "ehlo_name": Option("NAME", "the name to send in EHLO (MAILPROBE_EHLO_NAME)"),
        "mail_from": Option("ADDRESS", "the sender to use with --rcpt-to (empty)"),
        "rcpt_to": Option("ADDRESS", "test whether this recipient is accepted; no mail is sent"),
    }

    ehlo_name: str | None = None
    mail_from: str = ""
    rcpt_to: str | None = None


TARGET = SmtpTarget
