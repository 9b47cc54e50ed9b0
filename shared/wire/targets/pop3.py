"""What a POP3 check looks at."""

from __future__ import annotations

from typing import ClassVar

from shared.wire.failures import Phase
from shared.wire.targets.base import Server, TlsMode


class Pop3Target(Server, frozen=True, kw_only=True, tag_field="kind", tag="pop3"):
    """A POP3 server."""

    ORDER: ClassVar[int] = 2
    PHASES: ClassVar[tuple[Phase, ...]] = (
        Phase.RESOLVE,
        Phase.CONNECT,
        Phase.TLS,
        Phase.GREETING,
        Phase.CAPABILITIES,
        Phase.STARTTLS,
        Phase.AUTH,
        Phase.MAILBOX,
        Phase.QUIT,
    )
    SUBJECT: ClassVar[str] = "mail server"
    PORTS: ClassVar[tuple[int | None, int | None]] = (110, 995)
    STARTTLS: ClassVar[TlsMode] = TlsMode.NONE


TARGET = Pop3Target
