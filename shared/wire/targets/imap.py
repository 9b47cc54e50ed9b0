"""What an IMAP check looks at."""

from __future__ import annotations

from typing import ClassVar

from shared.wire.failures import Phase
from shared.wire.targets.base import Server


class ImapTarget(Server, frozen=True, kw_only=True, tag_field="kind", tag="imap"):
    """An IMAP server. After a login the check examines `mailbox` (its UTF-8 name)."""

    ORDER: ClassVar[int] = 1
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

    mailbox: str = "INBOX"


TARGET = ImapTarget
