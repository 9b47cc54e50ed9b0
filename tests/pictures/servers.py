"""Mail servers that are made up: what a check of each finds, as an agent would report it. The same at each call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_DNS, UUID, uuid5
from zlib import crc32

import msgspec

from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, Fact, PhaseTiming, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from tests.pictures.places import Place

INTERVAL = timedelta(minutes=5)
REFUSED = Failure(
    kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="Connection refused"
)
SLOW_GREETING = Failure(
    kind=FailureKind.TIMEOUT,
    source=FailureSource.TARGET,
    phase=Phase.GREETING,
    detail="the check did not end within its deadline, waiting in phase greeting",
)
GREYLISTED = Failure(
    kind=FailureKind.TEMPORARY_REFUSAL,
    source=FailureSource.TARGET,
    phase=Phase.GREETING,
    detail="421 4.7.0 Too many connections from your network, try again later",
)
_SHARES = {
    "smtp": "resolve 0.3, connect 1, greeting 1.4, ehlo 1, starttls 1, tls 2.1, ehlo 1, auth 2.2, quit 1",
    "imap": "resolve 0.3, connect 1, tls 2.1, greeting 1.2, capabilities 1, auth 2.4, mailbox 1.3, quit 1",
    "pop3": "resolve 0.3, connect 1, tls 2.1, greeting 1.2, capabilities 1, auth 2.6, mailbox 1.1, quit 1",
}
"""How many round trips each phase of a passing check takes, about."""


class Fault(NamedTuple):
    """A failure at some locations (all if there are none) in a stretch of time, in minutes before now."""

    failure: Failure
    since: float
    until: float = 0.0
    at: tuple[str, ...] = ()

    def met(self, place: Place, minutes_ago: float) -> bool:
        return self.until <= minutes_ago <= self.since and (not self.at or place.code in self.at)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A monitored server. `busy_ms` is what it takes itself, more by day than by night."""

    name: str
    host: str
    kind: str = "smtp"
    port: int = 587
    customer: int = 0
    status: str = "active"
    busy_ms: float = 12.0
    days_left: int = 71
    greeting: str = ""
    faults: tuple[Fault, ...] = ()
    other_facts: Mapping[str, Mapping[str, Fact]] = {}
    """What deviates at a location."""

    @property
    def public_id(self) -> UUID:
        return uuid5(NAMESPACE_DNS, self.host)

    @property
    def address(self) -> str:
        return f"192.0.2.{crc32(self.host.encode()) % 250 + 1}"


def result_of(server: Server, place: Place, due: datetime, now: datetime, *, dialogue: bool) -> CheckResult:
    """The check due then. A failure and a warning always come with their dialogue."""
    minutes = (now - due).total_seconds() / 60
    fault = next((fault for fault in server.faults if fault.met(place, minutes)), None)
    phases = _phases(server, place, due, fault)
    warnings = []
    if server.days_left <= 14 and fault is None:
        ends = (now + timedelta(days=server.days_left)).date().isoformat()
        warnings.append(CheckWarning(kind=WarningKind.CERTIFICATE_EXPIRES_SOON, detail=ends))
    last = phases[-1]
    values: dict[str, Any] = {"facts": _facts(server, place, now)} if fault is None else {}
    if fault is not None or warnings or dialogue:
        values["transcript"] = _dialogue(server, phases, fault)
    return CheckResult(
        check_id=check_id(server.public_id, to_ms(due), place.code, Purpose.SCHEDULED),
        monitor_id=server.public_id,
        location=place.code,
        country=place.country,
        agent=f"agent-{1 + to_ms(due) // 300_000 % 2}",
        purpose=Purpose.SCHEDULED,
        due_at=due,
        started_at=due + timedelta(milliseconds=40),
        duration_ms=last.start_ms + last.duration_ms,
        failure=fault.failure if fault else None,
        phases=phases,
        warnings=warnings,
        address=server.address,
        loop_lag_ms=0.4,
        kernel_rtt_ms=place.rtt_ms,
        **values,
    )


def _phases(server: Server, place: Place, due: datetime, fault: Fault | None) -> list[PhaseTiming]:
    found, at = list[PhaseTiming](), 0.4
    hour = due.hour + due.minute / 60
    busy = server.busy_ms * (1.4 + math.sin((hour - 7) / 24 * 2 * math.pi))
    for number, share in enumerate(_SHARES[server.kind].split(", ")):
        name, trips = share.split()
        wobble = 0.9 + crc32(f"{server.host} {place.code} {to_ms(due)} {number}".encode()) % 1000 / 4000
        length = (float(trips) * place.rtt_ms + (0 if name in {"resolve", "connect"} else busy)) * wobble
        failed = fault is not None and fault.failure.phase is not None and fault.failure.phase.value == name
        if failed and fault is not None and fault.failure.kind is FailureKind.TIMEOUT:
            length = 10_000.0 - at
        found.append(PhaseTiming(phase=Phase(name), start_ms=round(at, 2), duration_ms=round(length, 2)))
        at += length + 0.3
        if failed:
            break
    return found


def _facts(server: Server, place: Place, now: datetime) -> dict[str, Fact]:
    ends = now + timedelta(days=server.days_left)
    facts: dict[str, Fact] = {
        "greeting": _greeting(server),
        "capabilities": _CAPABILITIES[server.kind],
        "loginMechanism": "PLAIN",
        "tlsVersion": "TLSv1.3",
        "tlsCipher": "TLS_AES_256_GCM_SHA384",
        "certificateValid": True,
        "certificateChainValid": True,
        "certificateNameValid": True,
        "certificateSubject": f"CN={server.host}",
        "certificateIssuer": "CN=Example Issuing CA 3,O=Example Trust Services,C=DE",
        "certificateNames": [server.host, f"mail.{server.host.partition('.')[2]}"],
        "certificateSerial": f"{crc32(server.host.encode()):x}04a1b2",
        "certificateSha256": f"{crc32(server.host.encode()):08x}" * 8,
        "certificateNotBefore": (ends - timedelta(days=90)).strftime("%Y-%m-%dT00:00:00Z"),
        "certificateNotAfter": ends.strftime("%Y-%m-%dT00:00:00Z"),
        "certificateDaysLeft": server.days_left,
    }
    return facts | dict(server.other_facts.get(place.code, {}))


def _greeting(server: Server) -> str:
    return (
        server.greeting
        or {
            "smtp": f"220 {server.host} ESMTP Postfix",
            "imap": f"{server.host} IMAP4rev1 ready.",
            "pop3": f"{server.host} POP3 ready.",
        }[server.kind]
    )


_CAPABILITIES: dict[str, list[str]] = {
    "smtp": ["8BITMIME", "AUTH LOGIN PLAIN", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE 52428800"],
    "imap": ["AUTH=PLAIN", "ENABLE", "ID", "IDLE", "IMAP4rev1", "LITERAL+", "SASL-IR"],
    "pop3": ["CAPA", "PIPELINING", "RESP-CODES", "SASL PLAIN", "TOP", "UIDL", "USER"],
}


def _dialogue(server: Server, phases: list[PhaseTiming], fault: Fault | None) -> list[TranscriptLine]:
    """Each phase's lines, spread over its time; the phase that failed ends with the failure's words."""
    lines, again = list[TranscriptLine](), set[Phase]()
    for timing in phases:
        texts = list(_LINES[server.kind].get(timing.phase.value, ()))
        if timing.phase in again:
            texts = [(speaker, text) for speaker, text in texts if "STARTTLS" not in text]
        again.add(timing.phase)
        if fault is not None and timing is phases[-1]:
            texts = [one for one in texts if one[0] is not Speaker.SERVER]
            if fault.failure.kind is FailureKind.TEMPORARY_REFUSAL:
                texts.append((Speaker.SERVER, fault.failure.detail))
            else:
                texts.append((Speaker.NOTE, f"{server.address}: {fault.failure.detail}"))
        for number, (speaker, text) in enumerate(texts, 1):
            said = text.format(host=server.host, address=server.address, port=server.port, greeting=_greeting(server))
            at = timing.start_ms + timing.duration_ms * number / len(texts)
            lines.append(TranscriptLine(at_ms=round(at, 2), speaker=speaker, text=said))
    return lines


_C, _S, _N = Speaker.CLIENT, Speaker.SERVER, Speaker.NOTE
_TLS = ((_N, "TLS handshake for {host}"), (_N, "encrypted: TLSv1.3, TLS_AES_256_GCM_SHA384"))
_CONNECT = ((_N, "connecting to {address} port {port}"),)
_LINES: dict[str, dict[str, tuple[tuple[Speaker, str], ...]]] = {
    "smtp": {
        "connect": _CONNECT,
        "greeting": ((_S, "{greeting}"),),
        "ehlo": (
            (_C, "EHLO agent-1.de-nbg.example.net"),
            (_S, "250-{host}"),
            (_S, "250-PIPELINING"),
            (_S, "250-SIZE 52428800"),
            (_S, "250-STARTTLS"),
            (_S, "250-AUTH PLAIN LOGIN"),
            (_S, "250-ENHANCEDSTATUSCODES"),
            (_S, "250 8BITMIME"),
        ),
        "starttls": ((_C, "STARTTLS"), (_S, "220 2.0.0 Ready to start TLS")),
        "tls": _TLS,
        "auth": ((_C, "AUTH PLAIN ********"), (_S, "235 2.7.0 Authentication successful")),
        "quit": ((_C, "QUIT"), (_S, "221 2.0.0 Bye")),
    },
    "imap": {
        "connect": _CONNECT,
        "tls": _TLS,
        "greeting": ((_S, "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE AUTH=PLAIN] {greeting}"),),
        "capabilities": ((_C, "a1 CAPABILITY"), (_S, "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN"), (_S, "a1 OK done")),
        "auth": ((_C, "a2 AUTHENTICATE PLAIN ********"), (_S, "a2 OK Logged in")),
        "mailbox": ((_C, 'a3 EXAMINE "INBOX"'), (_S, "* 1204 EXISTS"), (_S, "a3 OK [READ-ONLY] Examine completed")),
        "quit": ((_C, "a4 LOGOUT"), (_S, "* BYE Logging out"), (_S, "a4 OK Logout completed")),
    },
    "pop3": {
        "connect": _CONNECT,
        "tls": _TLS,
        "greeting": ((_S, "+OK {greeting}"),),
        "capabilities": ((_C, "CAPA"), (_S, "+OK"), (_S, "SASL PLAIN"), (_S, "UIDL"), (_S, ".")),
        "auth": ((_C, "AUTH PLAIN ********"), (_S, "+OK Logged in.")),
        "mailbox": ((_C, "STAT"), (_S, "+OK 42 318833")),
        "quit": ((_C, "QUIT"), (_S, "+OK Logging out.")),
    },
}
