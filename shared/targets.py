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
    """What to log in with. msgspec refuses to encode a Secret, so a login cannot travel unsealed by accident."""

    user: str
    password: Secret


class TlsMode(StrEnum):
    NONE = "none"
    OPPORTUNISTIC = "opportunistic"  # STARTTLS when offered
    REQUIRED = "required"  # STARTTLS or failure
    IMPLICIT = "implicit"  # TLS from the first byte (RFC 8314)


class SmtpTarget(msgspec.Struct, frozen=True, kw_only=True, tag="smtp", tag_field="kind", rename="camel"):
    """An SMTP server. `host` is an A-label host name or an IP literal; `login` is filled in by the agent only."""

    host: str
    port: int
    tls: TlsMode = TlsMode.OPPORTUNISTIC
    verify_certificate: bool = True
    login: Login | None = None


Target = SmtpTarget
"""The union of all kinds of target."""

TARGETS: tuple[type[Target], ...] = get_args(Target) or (Target,)


def kind_of(target: type[Target] | Target) -> str:
    """The tag of a target, as in subjects, heartbeats and the column `monitor.kind`."""
    return str(target.__struct_config__.tag)


KINDS: tuple[str, ...] = tuple(kind_of(target) for target in TARGETS)
