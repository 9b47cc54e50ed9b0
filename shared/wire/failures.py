"""The closed vocabulary of failures: what can go wrong in a check, in which phase, and whose fault it is.

The names are part of the wire format and of the API: names may be added, but never renamed or reused.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

import msgspec
from msgspec import Meta


class OpenEnum(StrEnum):
    """A vocabulary to which newer versions may add words: an unknown word reads as `unknown`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls("unknown") if isinstance(value, str) and value != "unknown" else None


class FailureKind(OpenEnum):
    """What went wrong. `*_refusal` may concern our address only; `agent_error`, `address_forbidden` are our fault."""

    DNS_NOT_FOUND = "dns_not_found"
    DNS_ERROR = "dns_error"
    ADDRESS_FORBIDDEN = "address_forbidden"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RESET = "reset"
    CLOSED = "closed"
    TLS_HANDSHAKE = "tls_handshake"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_WRONG_HOST = "certificate_wrong_host"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    STARTTLS_MISSING = "starttls_missing"
    STARTTLS_REFUSED = "starttls_refused"
    STARTTLS_INJECTION = "starttls_injection"
    GREETING_INVALID = "greeting_invalid"
    PROTOCOL_ERROR = "protocol_error"
    REPLY_TOO_LONG = "reply_too_long"
    TEMPORARY_REFUSAL = "temporary_refusal"
    POLICY_REFUSAL = "policy_refusal"
    LOGIN_REFUSED = "login_refused"
    LOGIN_MECHANISM_MISSING = "login_mechanism_missing"
    LOGIN_UNAVAILABLE = "login_unavailable"
    MAILBOX_MISSING = "mailbox_missing"
    RECIPIENT_REFUSED = "recipient_refused"
    AGENT_ERROR = "agent_error"
    UNKNOWN = "unknown"


class FailureSource(OpenEnum):
    """Who is at fault. Only `target` counts against the mail server."""

    TARGET = "target"
    RESOLVER = "resolver"
    AGENT = "agent"
    UNKNOWN = "unknown"


class Phase(OpenEnum):
    """A timed step of a check. A phase may occur twice (EHLO before and after STARTTLS)."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    EHLO = "ehlo"
    CAPABILITIES = "capabilities"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAILBOX = "mailbox"
    ENVELOPE = "envelope"
    QUIT = "quit"
    UNKNOWN = "unknown"


class WarningKind(OpenEnum):
    """What a check warns about although the service works."""

    CERTIFICATE_EXPIRES_SOON = "certificate_expires_soon"
    CERTIFICATE_INVALID = "certificate_invalid"
    CERTIFICATE_WEAK = "certificate_weak"
    TLS_WEAK = "tls_weak"
    LOGIN_UNENCRYPTED = "login_unencrypted"
    LOGIN_OFFERED_UNENCRYPTED = "login_offered_unencrypted"
    STARTTLS_REFUSED = "starttls_refused"
    SLOW = "slow"
    MAILBOX_BUSY = "mailbox_busy"
    MAILBOX_FULL = "mailbox_full"
    SERVER_ALERT = "server_alert"
    QUIT_UNANSWERED = "quit_unanswered"
    UNKNOWN = "unknown"


class Failure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a check did not pass."""

    kind: FailureKind
    source: FailureSource
    phase: Annotated[Phase | None, Meta(description="Where it failed; null if no phase had begun.")] = None
    detail: Annotated[str, Meta(description="Free text without secrets, such as the server's reply.")] = ""


class CheckWarning(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A warning of a check, usually of one that passed."""

    kind: WarningKind
    detail: Annotated[str, Meta(description="Free text without secrets, such as a date or a version.")] = ""
