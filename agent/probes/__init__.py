"""The probes of an agent by the type of their target. A new protocol needs a folder here and a line in PROBES."""

from __future__ import annotations

from agent.dialogue.findings import Probe
from agent.probes.imap import dialogue as imap
from agent.probes.pop3 import dialogue as pop3
from agent.probes.smtp import dialogue as smtp
from shared.wire.targets import ImapTarget, Pop3Target, SmtpTarget, Target

PROBES: dict[type[Target], Probe] = {
    SmtpTarget: smtp.probe,
    ImapTarget: imap.probe,
    Pop3Target: pop3.probe,
}
