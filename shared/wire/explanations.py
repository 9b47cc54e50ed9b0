"""Every failure kind, phase and warning in a sentence for people, and what to do about it. docs/failures.md is made of
this.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind


class Explanation(NamedTuple):
    """`meaning` says what the check met, `remedy` what somebody who runs the mail server can do."""

    meaning: str
    remedy: str


FAILURES: dict[FailureKind, Explanation] = {
    FailureKind.DNS_NOT_FOUND: Explanation(
        "The host name does not exist, or has no address of the wanted family.",
        "Check the spelling of the host name and its A and AAAA records.",
    ),
    FailureKind.DNS_ERROR: Explanation(
        "The name servers gave no usable answer: no answer in time, SERVFAIL or REFUSED.",
        "Check the domain's name servers and DNSSEC. With source `resolver` the agent's own resolver is broken.",
    ),
    FailureKind.ADDRESS_FORBIDDEN: Explanation(
        "The address is not public, and the agent may not connect to it.",
        "Allow the network with MAILPROBE_ALLOW_NETWORKS on agents that are meant to reach it.",
    ),
    FailureKind.REFUSED: Explanation(
        "The host refused the connection: nothing listens on the port, or a firewall rejects it.",
        "Check that the service runs, its port, and the firewall.",
    ),
    FailureKind.UNREACHABLE: Explanation(
        "There is no route to the host.",
        "Check routing and the firewall of the network. With source `agent` the agent itself has no such network.",
    ),
    FailureKind.TIMEOUT: Explanation(
        "The check did not end within its timeout. The phase says where the time ran out.",
        "In phase connect: a firewall drops packets, or the host is down. In a later phase: the server is overloaded.",
    ),
    FailureKind.RESET: Explanation(
        "The server, or something in front of it, reset the connection.",
        "Check the server's log and what limits connections in front of it (fail2ban, a load balancer).",
    ),
    FailureKind.CLOSED: Explanation(
        "The server closed the connection before the dialogue was over.",
        "Check the server's log and its limits for connections of one client. In phase greeting: does it expect a proxy"
        " in front of it (PROXY protocol)?",
    ),
    FailureKind.TLS_HANDSHAKE: Explanation(
        "The TLS handshake failed, or the server does not speak TLS on this port, or it requires a client certificate.",
        "Check the port, TLS versions, ciphers and the certificate file of the server; a check has no certificate.",
    ),
    FailureKind.CERTIFICATE_EXPIRED: Explanation("The certificate has expired.", "Renew it, and reload the server."),
    FailureKind.CERTIFICATE_NOT_YET_VALID: Explanation(
        "The certificate is not valid yet.", "Check the certificate's dates and the clock of the machine that made it."
    ),
    FailureKind.CERTIFICATE_WRONG_HOST: Explanation(
        "The certificate does not name the host of the monitor.",
        "Use a certificate with that name, or check the server under a name of the certificate.",
    ),
    FailureKind.CERTIFICATE_UNTRUSTED: Explanation(
        "No trusted authority vouches for the certificate, often because an intermediate certificate is missing.",
        "Serve the whole chain. For an authority of your own set MAILPROBE_CA_FILE on the agents; or change the"
        " monitor: under “More about the check”, take the tick at “A certificate that cannot be verified is a failure”"
        " away.",
    ),
    FailureKind.STARTTLS_MISSING: Explanation(
        "STARTTLS is required, but the server does not offer it.", "Switch STARTTLS on, or do not require it."
    ),
    FailureKind.STARTTLS_REFUSED: Explanation(
        "STARTTLS is required and offered, but the server refused the command.",
        "Check the server's TLS configuration and log.",
    ),
    FailureKind.STARTTLS_INJECTION: Explanation(
        "The server, or somebody in between, sent data in clear after its answer to STARTTLS.",
        "Update the server. If it is current, suspect an attack on the path to it.",
    ),
    FailureKind.GREETING_INVALID: Explanation(
        "The first line of the server is not a greeting of this protocol.",
        "Check that host and port are those of the mail service.",
    ),
    FailureKind.PROTOCOL_ERROR: Explanation(
        "The server's answer breaks the protocol, or is an unexpected refusal.",
        "Read the dialogue of the check and the server's log.",
    ),
    FailureKind.REPLY_TOO_LONG: Explanation(
        "The server's answer exceeds the limits of a check.", "Check that a mail server answers on this port."
    ),
    FailureKind.TEMPORARY_REFUSAL: Explanation(
        "The server refused for now (a 4yz reply, -ERR [SYS/TEMP], NO [UNAVAILABLE] or [LIMIT]), at a login too: by"
        " greylisting, because of too many connections, or because a part of it is away.",
        "Exempt the agents' addresses from greylisting and limits; otherwise read the server's log.",
    ),
    FailureKind.POLICY_REFUSAL: Explanation(
        "The server refuses the agent's address: a 5yz reply at greeting, EHLO or envelope, a blocklist, a ban.",
        "Exempt the agents' addresses. It is no outage while it affects at most half of the locations and others pass.",
    ),
    FailureKind.LOGIN_REFUSED: Explanation(
        "The server refused user name and password.",
        "Check the login of the monitor; at Google, Yahoo and Apple it may need an application password. It is not"
        " tried again at once, because that could lock the account.",
    ),
    FailureKind.LOGIN_MECHANISM_MISSING: Explanation(
        "The server no longer takes passwords, offers no way to log in that the check may use, or demands TLS first.",
        "Offer PLAIN, LOGIN, CRAM-MD5 or XOAUTH2 on the monitored port; Mailprobe does not use SCRAM. Where passwords"
        " are off, as at Microsoft 365, give an SMTP monitor an access token, or check without a login.",
    ),
    FailureKind.LOGIN_UNAVAILABLE: Explanation(
        "The server could not check the login, or admits this account no more: its password has expired ([EXPIRED]), or"
        " its administrator must act ([CONTACTADMIN]).",
        "Check the server's user database or directory service, and the account.",
    ),
    FailureKind.MAILBOX_MISSING: Explanation(
        "The login worked, but the mailbox cannot be opened.", "Check the name of the mailbox and its permissions."
    ),
    FailureKind.RECIPIENT_REFUSED: Explanation(
        "The server refused the test's recipient.", "Check that the address exists and that the server accepts it."
    ),
    FailureKind.AGENT_ERROR: Explanation(
        "A fault of the agent or of its configuration. It never counts against the mail server.",
        "Read the detail and the agent's log; report a bug when it is one.",
    ),
    FailureKind.UNKNOWN: Explanation(
        "A kind that this version does not know.", "Update: another part of the installation is newer."
    ),
}

SOURCES: dict[FailureSource, str] = {
    FailureSource.TARGET: "The mail server or its network. Only these failures count against it.",
    FailureSource.RESOLVER: "The agent's name servers. The location is blind.",
    FailureSource.AGENT: "The agent or its network. The location is blind.",
    FailureSource.UNKNOWN: "A source that this version does not know. The location is blind.",
}

PHASES: dict[Phase, str] = {
    Phase.RESOLVE: "The host name is resolved.",
    Phase.CONNECT: "The TCP connection is opened.",
    Phase.TLS: "The TLS handshake, with the check of the certificate.",
    Phase.GREETING: "The server's first line.",
    Phase.EHLO: "SMTP: EHLO, or HELO.",
    Phase.CAPABILITIES: "IMAP: CAPABILITY. POP3: CAPA.",
    Phase.STARTTLS: "The command STARTTLS or STLS, before the handshake.",
    Phase.AUTH: "The login.",
    Phase.MAILBOX: "IMAP: EXAMINE. POP3: STAT.",
    Phase.ENVELOPE: "SMTP: MAIL FROM, RCPT TO and RSET; no mail is sent.",
    Phase.QUIT: "QUIT or LOGOUT.",
    Phase.UNKNOWN: "A phase that this version does not know.",
}

WARNINGS: dict[WarningKind, Explanation] = {
    WarningKind.CERTIFICATE_EXPIRES_SOON: Explanation(
        "The certificate ends within `certificateWarningDays` (14 by default).", "Renew it."
    ),
    WarningKind.CERTIFICATE_INVALID: Explanation(
        "The certificate is not valid, on a connection where TLS was optional.",
        "Replace it; clients that verify it fail.",
    ),
    WarningKind.CERTIFICATE_WEAK: Explanation(
        "The certificate, or one above it, has a short key (RSA below 2048 bits) or is signed with SHA-1.",
        "Replace it by one with a longer key and SHA-256: more and more clients refuse it.",
    ),
    WarningKind.TLS_WEAK: Explanation(
        "The server negotiated TLS 1.0 or 1.1, or a cipher without forward secrecy or below 128 bits.",
        "Switch TLS 1.2 and 1.3 on, with ECDHE ciphers.",
    ),
    WarningKind.LOGIN_UNENCRYPTED: Explanation(
        "The monitor's password went over the network without TLS, as the monitor is set.", "Use TLS or STARTTLS."
    ),
    WarningKind.LOGIN_OFFERED_UNENCRYPTED: Explanation(
        "The server offers to take passwords without TLS.", "Let the server offer logins only under TLS."
    ),
    WarningKind.STARTTLS_REFUSED: Explanation(
        "The server offers STARTTLS but refused it; the check went on in clear.",
        "Check the server's TLS configuration.",
    ),
    WarningKind.SLOW: Explanation(
        "The check passed, but took longer than the monitor's `warningMs`.",
        "Look for load on the server or its network.",
    ),
    WarningKind.MAILBOX_BUSY: Explanation(
        "Another client holds the mailbox, or the server wants a pause between logins, so it was not opened; the login"
        " was not refused.",
        "Nothing, unless it stays so: use a mailbox of its own for the monitor.",
    ),
    WarningKind.MAILBOX_FULL: Explanation(
        "The mailbox exceeds its quota, so it may take no more mail.", "Delete mail from it, or raise the quota."
    ),
    WarningKind.SERVER_ALERT: Explanation(
        "The IMAP server sent a text that people must be shown ([ALERT]), such as an announced shutdown.",
        "Read the text; it is the server's own.",
    ),
    WarningKind.QUIT_UNANSWERED: Explanation(
        "The server answered everything but did not answer QUIT or LOGOUT in time.",
        "Nothing at once: clients do not wait for it. Look for what holds sessions open at their end.",
    ),
    WarningKind.UNKNOWN: Explanation("A warning that this version does not know.", "Update."),
}
