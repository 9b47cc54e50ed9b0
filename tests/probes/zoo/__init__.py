"""The zoo: one table of scripted servers, good, broken and wicked. A file per protocol, each with its `CASES`."""

from __future__ import annotations

from tests.probes.zoo import imap, imap_login, network, pop3, pop3_login, smtp, smtp_login
from tests.probes.zoo.case import Case

ZOO: dict[str, Case] = {
    f"{kind}: {name}": case
    for kind, cases in (
        ("imap", imap.CASES),
        ("imap login", imap_login.CASES),
        ("smtp", smtp.CASES),
        ("smtp login", smtp_login.CASES),
        ("pop3", pop3.CASES),
        ("pop3 login", pop3_login.CASES),
        ("network", network.CASES),
    )
    for name, case in cases.items()
}
