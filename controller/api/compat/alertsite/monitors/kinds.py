"""AlertSite's names of the kinds of monitor."""

from __future__ import annotations

from controller.kinds.imap_pop import IMAP_POP
from controller.kinds.smtp import SMTP

TYPES = dict(zip((*SMTP, *IMAP_POP), ("email-smtp", "email-imap", "email-pop"), strict=True))
"""AlertSite's name of each kind."""

KINDS = {name: kind for kind, name in TYPES.items()}
