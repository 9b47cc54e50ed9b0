"""The probes an agent has, by the target they speak to. A protocol is added by a file and a line here."""

from __future__ import annotations

from agent.findings import Probe
from agent.probes import imap, pop3, smtp
from shared.targets import ImapTarget, Pop3Target, SmtpTarget, Target

PROBES: dict[type[Target], Probe] = {
    SmtpTarget: smtp.probe,
    ImapTarget: imap.probe,
    Pop3Target: pop3.probe,
}
