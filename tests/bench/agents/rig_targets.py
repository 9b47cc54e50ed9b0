"""How the peer rig's check types and jobs become our targets."""

from __future__ import annotations

from typing import Any

from shared.wire.targets import IpFamily, Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget

_HOST = "localhost"  # a name in the rig's certificate and in the hosts file, so that resolving is measured
_CHECKS: dict[str, tuple[type[Target], TlsMode, bool]] = {
    "smtp": (SmtpTarget, TlsMode.NONE, False),
    "smtp-starttls": (SmtpTarget, TlsMode.REQUIRED, False),
    "smtps": (SmtpTarget, TlsMode.IMPLICIT, False),
    "smtp-auth": (SmtpTarget, TlsMode.REQUIRED, True),
    "imap": (ImapTarget, TlsMode.NONE, True),
    "imaps": (ImapTarget, TlsMode.IMPLICIT, True),
    "pop3s": (Pop3Target, TlsMode.IMPLICIT, True),
}


def target_of(job: dict[str, Any]) -> tuple[Target, tuple[str, str] | None]:
    """The job's target without its login, and the login if its check type has one."""
    kind, mode, logs_in = _CHECKS[job["check"]]
    target = kind(host=_HOST, port=job["targets"][0]["port"], tls=mode, ip_family=IpFamily.IPV4)
    return target, (job["user"], job["password"]) if logs_in else None
