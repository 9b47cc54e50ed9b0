"""What every kind of target states, and the server that most kinds connect to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, NamedTuple, Self

import msgspec

from shared.secret import Secret
from shared.wire.failures import Phase

ONLY_LOGIN = "login"
"""The name of the login of a kind that has one and does not name it otherwise."""


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


class Option(NamedTuple):
    """How the command line shows a field of a target: `--field-name METAVAR`, and its help."""

    metavar: str
    help: str


class BaseDetail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a check of one kind found beyond the fields that results of all kinds have. A kind's struct has the tag of
    its kind, like its target; it only grows, and new fields have defaults.
    """


class BaseTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a check of one kind looks at. A kind's struct has the tag of its kind (`tag_field="kind"`, `tag="…"`).

    `ORDER` is the kind's place in lists, before its name. `LOGINS` are the names of the logins that a target may have,
    `PHASES` the steps of its check in their usual order. `SUBJECT` is what is checked, in words: `the …` may be at
    fault. `DETAIL` is what its results have beyond the common fields.
    """

    ORDER: ClassVar[int] = 100
    LOGINS: ClassVar[tuple[str, ...]] = ()
    PHASES: ClassVar[tuple[Phase, ...]] = ()
    SUBJECT: ClassVar[str] = "server"
    DETAIL: ClassVar[type[BaseDetail] | None] = None

    @property
    def endpoints(self) -> tuple[Server, ...]:
        """The servers that the check connects to: none, one or several."""
        return ()

    @property
    def slow_after_ms(self) -> int | None:
        """A passing check that takes longer has a warning; None: none has."""
        return None

    @property
    def logins(self) -> dict[str, Login]:
        """The logins that are set, by name. Only the agent sets them."""
        return {}

    def with_logins(self, logins: Mapping[str, Login]) -> Self:  # noqa: ARG002 - here are none
        """The target with these logins, and none under the other names."""
        return self

    def without_logins(self) -> Self | None:
        """What is checked when no login may be tried; None when nothing is left to check then."""
        return None


class Server(BaseTarget, frozen=True, kw_only=True):
    """A server to connect to. `host` is an A-label host name or an IP literal. With `address`, an IP literal, the check
    connects there and does not resolve `host`, which the certificate must still name. Only the agent sets `login`.

    A passing check has a warning if it takes longer than `warning_ms`, or if its certificate is valid for fewer than
    `certificate_warning_days`.

    A URL `kind://host`, or `kinds://host` for TLS from the first byte, names a server, as on the command line: `PORTS`
    are its usual ports without and with TLS from the first byte, `STARTTLS` what is done when nothing is set, and
    `OPTIONS` the fields of this kind that may be set, by their names.
    """

    LOGINS: ClassVar[tuple[str, ...]] = (ONLY_LOGIN,)
    PORTS: ClassVar[tuple[int | None, int | None]] = (None, None)
    STARTTLS: ClassVar[TlsMode] = TlsMode.OPPORTUNISTIC
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    host: str
    port: int
    tls: TlsMode = TlsMode.OPPORTUNISTIC
    verify_certificate: bool = True
    certificate_warning_days: int = 14
    ip_family: IpFamily = IpFamily.ANY
    warning_ms: int | None = None
    login: Login | None = None
    address: str | None = None

    @property
    def endpoints(self) -> tuple[Server, ...]:
        return (self,)

    @property
    def slow_after_ms(self) -> int | None:
        return self.warning_ms

    @property
    def logins(self) -> dict[str, Login]:
        return {} if self.login is None else {ONLY_LOGIN: self.login}

    def with_logins(self, logins: Mapping[str, Login]) -> Self:
        return msgspec.structs.replace(self, login=logins.get(ONLY_LOGIN))

    def without_logins(self) -> Self | None:
        """Everything before the login is checked; with a login, TLS is required."""
        tls = TlsMode.REQUIRED if self.tls is TlsMode.OPPORTUNISTIC else self.tls
        return msgspec.structs.replace(self, tls=tls, login=None)
