"""What to check: one struct per kind of target; its tag `kind` identifies it on the wire and in storage.

The controller refuses an invalid target when it is saved, so the structs are here and not beside their probes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import get_args

import msgspec

from shared.secret import Secret


class Login(msgspec.Struct, frozen=True):
    """What to log in with. msgspec refuses to encode a Secret, so a login cannot be sent unsealed by accident.

    With `bearer` the password is an OAuth 2.0 access token, which only XOAUTH2 accepts.
    """

    user: str
    password: Secret
    bearer: bool = False


class TlsMode(StrEnum):
    NONE = "none"
    OPPORTUNISTIC = "opportunistic"  # STARTTLS when offered
    REQUIRED = "required"  # STARTTLS or failure
    IMPLICIT = "implicit"  # TLS from the first byte (RFC 8314)


class IpFamily(StrEnum):
    ANY = "any"  # both, IPv6 first (RFC 8305)
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class _MailServer(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", rename="camel"):
    """The fields of every target. `host` is an A-label host name or an IP literal. With `address`, an IP literal, the
    check connects there and does not resolve `host`, which the certificate must still name. Only the agent sets
    `login`.

    A passing check has a warning if it takes longer than `warning_ms`, or if its certificate is valid for fewer than
    `certificate_warning_days`.
    """

    host: str
    port: int
    tls: TlsMode = TlsMode.OPPORTUNISTIC
    verify_certificate: bool = True
    certificate_warning_days: int = 14
    ip_family: IpFamily = IpFamily.ANY
    warning_ms: int | None = None
    login: Login | None = None
    address: str | None = None


class SmtpTarget(_MailServer, frozen=True, kw_only=True, tag="smtp"):
    """An SMTP server. With `rcpt_to` the check tests whether that recipient is accepted from `mail_from` ("": the null
    reverse-path), and stops before DATA. `ehlo_name` replaces the agent's own name.
    """

    ehlo_name: str | None = None
    mail_from: str = ""
    rcpt_to: str | None = None


class ImapTarget(_MailServer, frozen=True, kw_only=True, tag="imap"):
    """An IMAP server. After a login the check examines `mailbox` (its UTF-8 name)."""

    mailbox: str = "INBOX"


class Pop3Target(_MailServer, frozen=True, kw_only=True, tag="pop3"):
    """A POP3 server."""


Target = SmtpTarget | ImapTarget | Pop3Target
"""The union of all kinds of target."""

TARGETS: tuple[type[Target], ...] = get_args(Target)


def kind_of(target: type[Target] | Target) -> str:
    """The tag of a target, as used in subjects, heartbeats and the column `monitor.kind`."""
    return str(target.__struct_config__.tag)


KINDS: tuple[str, ...] = tuple(kind_of(target) for target in TARGETS)
