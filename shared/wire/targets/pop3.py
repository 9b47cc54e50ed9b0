"""What a POP3 check looks at."""

from __future__ import annotations

from typing import ClassVar

from shared.wire.failures import Phase
from shared.wire.targets.base import Server


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


TARGET = Pop3Target
