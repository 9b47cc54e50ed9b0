"""What an SMTP check looks at."""

from __future__ import annotations

from typing import ClassVar

from shared.wire.failures import Phase
from shared.wire.targets.base import Server


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

    ehlo_name: str | None = None
    mail_from: str = ""
    rcpt_to: str | None = None


TARGET = SmtpTarget
