"""What to check: one struct per kind of target, told apart on the wire and in storage by its tag `kind`.

The controller refuses a bad target when it is saved, so the structs stand here and not beside their probes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import get_args

import msgspec


class Secret:
    """A password in memory. Neither printing nor encoding shows it; `reveal()` is the only way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(********)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Login(msgspec.Struct, frozen=True):
    """What to log in with. msgspec refuses to encode a Secret, so a login cannot travel unsealed by accident.

    With `bearer` the password is an OAuth 2.0 access token, good for XOAUTH2 only.
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
    """What every target says. `host` is an A-label host name or an IP literal; `address`, an IP literal, is connected
    to instead of looking `host` up, which the certificate must still name. `login` is filled in by the agent only.

    A passing check slower than `warning_ms`, or whose certificate has fewer than `certificate_warning_days` left, has a
    warning.
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
    """An SMTP server. With `rcpt_to` the check asks whether that recipient is accepted, from `mail_from` ("": the null
    reverse-path), and stops before DATA. `ehlo_name` replaces the agent's own.
    """

    ehlo_name: str | None = None
    mail_from: str = ""
    rcpt_to: str | None = None


class ImapTarget(_MailServer, frozen=True, kw_only=True, tag="imap"):
    """An IMAP server. After a login `mailbox` (its UTF-8 name) is examined."""

    mailbox: str = "INBOX"


class Pop3Target(_MailServer, frozen=True, kw_only=True, tag="pop3"):
    """A POP3 server."""


Target = SmtpTarget | ImapTarget | Pop3Target
"""The union of all kinds of target."""

TARGETS: tuple[type[Target], ...] = get_args(Target)


def kind_of(target: type[Target] | Target) -> str:
    """The tag of a target, as in subjects, heartbeats and the column `monitor.kind`."""
    return str(target.__struct_config__.tag)


KINDS: tuple[str, ...] = tuple(kind_of(target) for target in TARGETS)
