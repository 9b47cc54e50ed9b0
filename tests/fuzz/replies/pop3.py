"""POP3: greeting, capabilities, login and mailbox."""

from __future__ import annotations

from agent.probes.pop3.dialogue import probe
from shared.wire.targets.pop3 import Pop3Target
from tests.fuzz.offline import checker
from tests.probes.scripted.case import CHALLENGE, CHALLENGE_64, PASSWORD

SEEDS = (
    b"\0+OK POP3 ready\r\n+OK\r\nTOP\r\nUIDL\r\n.\r\n+OK bye\r\n",
    b"\2+OK hi\r\n+OK\r\nSTLS\r\n.\r\n+OK go\r\n",
    b"\4+OK hi\r\n+OK\r\nUSER\r\n.\r\n+OK\r\n+OK in\r\n+OK 3 120\r\n+OK bye\r\n",
    b"\4+OK hi %b\r\n-ERR what\r\n-ERR [AUTH] no\r\n+OK\r\n-ERR [IN-USE] busy\r\n" % CHALLENGE,
    b"\4+OK hi\r\n+OK\r\nSASL CRAM-MD5 PLAIN\r\n.\r\n+ %b\r\n-ERR no\r\n+ \r\n+OK\r\n+OK 1 2\r\n"
    % CHALLENGE_64.encode(),
    b"\4+OK hi\r\n+OK\r\nSASL LOGIN\r\n.\r\n+ a\r\n+ b\r\n-ERR Basic authentication is disabled. %b\r\n"
    % PASSWORD.encode(),
    b"\x0c+OK hi\r\n+OK\r\nSASL XOAUTH2\r\n.\r\n+ eyJ9\r\n-ERR [SYS/PERM] no\r\n",
    b"\0-ERR [SYS/TEMP] later\r\n",
)

check = checker(Pop3Target, probe)
