"""The probes an agent has, by the target they speak to. A protocol is added by a file and a line here."""

from __future__ import annotations

from agent.dialogue.findings import Probe
from agent.probes.imap import dialogue
from agent.probes.pop3 import dialogue as pop3
from agent.probes.smtp import dialogue as smtp
from shared.wire.targets import ImapTarget, Pop3Target, SmtpTarget, Target

PROBES: dict[type[Target], Probe] = {
    SmtpTarget: smtp.probe,
    ImapTarget: dialogue.probe,
    Pop3Target: pop3.probe,
}
