"""SMTP: greeting, capabilities, login and recipient."""

from __future__ import annotations

from agent.probes.smtp.dialogue import probe
from shared.wire.targets.smtp import SmtpTarget
from tests.fuzz.offline import checker
from tests.probes.scripted.case import CHALLENGE_64, PASSWORD, PLAIN

_HELLO = b"220 mail.test ESMTP\r\n250-mail.test\r\n250-SIZE 1000\r\n"

SEEDS = (
    b"\0" + _HELLO + b"250 SMTPUTF8\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 ok\r\n221 bye\r\n",
    b"\2" + _HELLO + b"250 STARTTLS\r\n220 go\r\n",
    b"\4" + _HELLO + b"250 AUTH PLAIN LOGIN\r\n235 ok\r\n250 ok\r\n550 5.1.1 nobody\r\n",
    b"\4" + _HELLO + b"250 AUTH CRAM-MD5 LOGIN\r\n334 %b\r\n535 5.7.8 no\r\n" % CHALLENGE_64.encode() + b"334 \r\n" * 3,
    b"\4" + _HELLO + b"250 AUTH PLAIN\r\n550-5.7.30 Basic\r\n550 5.7.30 off\r\n",
    b"\4" + _HELLO + b"250 AUTH PLAIN\r\n535 5.7.139 disabled %b %b\r\n" % (PASSWORD.encode(), PLAIN.encode()),
    b"\x0c" + _HELLO + b"250 AUTH XOAUTH2\r\n334 eyJzdGF0dXMiOiI0MDEifQ==\r\n535 5.7.8 no\r\n",
    b"\0554 5.7.25 who\r\n",
    b"\0220 x\r\n502 what\r\n250 x\r\n421 4.7.1 blocked using zen.spamhaus.org\r\n",
)

check = checker(SmtpTarget, probe, mail_from="me@example.test", rcpt_to="you@example.test")
