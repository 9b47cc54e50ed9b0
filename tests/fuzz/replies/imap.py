"""IMAP: greeting, capabilities, login and mailbox."""

from __future__ import annotations

from agent.probes.imap.dialogue import probe
from shared.wire.targets.imap import ImapTarget
from tests.fuzz.offline import checker
from tests.probes.scripted.case import CHALLENGE_64, PASSWORD

_INBOX = b"* 3 EXISTS\r\n* 1 RECENT\r\n* OK [UNSEEN 2] x\r\n* OK [UIDVALIDITY 7] x\r\nA%d OK [READ-ONLY] done\r\n"

SEEDS = (
    b"\0* OK [CAPABILITY IMAP4rev1 IDLE] hi\r\n* BYE\r\nA1 OK\r\n",
    b"\2* OK ready\r\n* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\nA1 OK done\r\nA2 OK go\r\n",
    b"\4* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\nA1 OK [CAPABILITY IMAP4rev2] in\r\n" + _INBOX % 2,
    b"\4* OK [CAPABILITY AUTH=CRAM-MD5 AUTH=LOGIN] hi\r\n+ %b\r\nA1 NO no\r\n+ a\r\n+ b\r\nA2 NO [ALERT] x\r\n"
    % CHALLENGE_64.encode(),
    b"\4* OK [CAPABILITY IMAP4rev1 LITERAL+] hi\r\nA1 NO [AUTHENTICATIONFAILED] %b\r\n" % PASSWORD.encode(),
    b"\4* OK [CAPABILITY IMAP4rev1] hi\r\n+ go\r\nA1 NO Basic authentication is disabled.\r\n* BYE off\r\n",
    b"\x0c* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hi\r\n+ eyJzdGF0dXMiOiI0MDAifQ==\r\nA1 NO no\r\n",
    b"\4* PREAUTH hi\r\n* CAPABILITY IMAP4rev1\r\nA1 OK\r\n* LIST () {3}\r\nabc x\r\n" + _INBOX % 2,
    b"\0* BYE [UNAVAILABLE] later\r\n",
)

check = checker(ImapTarget, probe)
