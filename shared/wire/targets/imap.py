"""What an IMAP check looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from shared.wire.failures import Phase
from shared.wire.targets.base import Option, Server, TlsMode


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
    SUBJECT: ClassVar[str] = "mail server"
    PORTS: ClassVar[tuple[int | None, int | None]] = (143, 993)
    STARTTLS: ClassVar[TlsMode] = TlsMode.NONE
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "mailbox": Option("NAME", "the mailbox to examine after the login (INBOX)"),
    }

    mailbox: str = "INBOX"


TARGET = ImapTarget
