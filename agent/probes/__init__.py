"""The probes an agent has, by the target they speak to. A protocol is added by a file and a line here."""

from __future__ import annotations

from agent.findings import Probe
from agent.probes import smtp
from shared.targets import SmtpTarget, Target

PROBES: dict[type[Target], Probe] = {
    SmtpTarget: smtp.probe,
}
