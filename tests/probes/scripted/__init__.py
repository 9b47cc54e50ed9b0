"""A table of scripted servers, good, broken and malicious: a module per protocol, each with its `CASES`."""

from __future__ import annotations

from tests.probes.scripted import (
    imap,
    imap_login,
    imap_mailbox,
    locks,
    mechanisms,
    network,
    patience,
    pop3,
    pop3_login,
    smtp,
    smtp_login,
    software,
    tls,
)
from tests.probes.scripted.case import Case

SCRIPTED: dict[str, Case] = {
    f"{kind}: {name}": case
    for kind, cases in (
        ("imap", imap.CASES),
        ("imap login", imap_login.CASES),
        ("imap mailbox", imap_mailbox.CASES),
        ("smtp", smtp.CASES),
        ("smtp login", smtp_login.CASES),
        ("pop3", pop3.CASES),
        ("pop3 login", pop3_login.CASES),
        ("network", network.CASES),
        ("patience", patience.CASES),
        ("tls", tls.CASES),
        ("locks", locks.CASES),
        ("mechanisms", mechanisms.CASES),
        ("software", software.CASES),
    )
    for name, case in cases.items()
}
