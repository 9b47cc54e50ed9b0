"""The parts of a monitor that make its target, and the config keys that are the same for every protocol."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, NamedTuple, Protocol, TypedDict

from controller.errors import InvalidError
from controller.kinds import values
from shared.wire.targets import IpFamily

_WARNING_MS = range(1, 300_000 + 1)
_WARNING_DAYS = range(3650 + 1)
_DEFAULT_WARNING_DAYS = 14

# RFC 4616 separates by NUL; a line break ends a command of POP3 or IMAP, and in a password it was pasted by mistake.
_LINE_ENDS = "\r\n\0"
# The SASL mechanism XOAUTH2 separates its fields by \1.
_BEARER_ENDS = _LINE_ENDS + "\1"


class Configured(Protocol):
    """The parts of a monitor that make its target."""

    @property
    def kind(self) -> str: ...
    @property
    def hostname(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def config(self) -> dict[str, Any]: ...
    @property
    def address(self) -> str | None: ...


class ConfiguredLogin(NamedTuple):
    """A login as it is in a config: `secret` is encrypted when the config is a stored one. With `bearer` it is an OAuth
    2.0 access token, else a password.
    """

    user: str
    secret: str
    bearer: bool


class Options(TypedDict):
    """The fields that every mail server's target has, under their names there."""

    verify_certificate: bool
    certificate_warning_days: int
    ip_family: IpFamily
    warning_ms: int | None


def login_of(section: dict[str, Any], password: str, field: str, *, name: str = "login") -> dict[str, ConfiguredLogin]:
    """The login under its `name`: `user`, and the secret under the key `password` or `accessToken`, where the token
    takes precedence. Empty when there is no login to try: it needs both a user and a secret. Raises InvalidError.
    """
    token = values.text(section, "accessToken", field, forbidden=_BEARER_ENDS, called="control characters")
    secret = values.text(section, password, field, forbidden=_LINE_ENDS, called="line breaks or NUL characters")
    user = values.text(
        section,
        "user",
        field,
        forbidden=_BEARER_ENDS if token else _LINE_ENDS,
        called="control characters" if token else "line breaks or NUL characters",
    )
    if not user or not (token or secret):
        return {}
    return {name: ConfiguredLogin(user, token or secret, bearer=bool(token))}


def options_of(config: dict[str, Any], host: str, field: str) -> Options:
    """Raises InvalidError."""
    days = values.number(config, "certificateWarningDays", field, _WARNING_DAYS)
    return Options(
        verify_certificate=values.flag(
            values.section(config, "tlsOptions", field), "rejectUnauthorized", f"{field}.tlsOptions", default=True
        ),
        certificate_warning_days=_DEFAULT_WARNING_DAYS if days is None else days,
        ip_family=_ip_family(config, host, field),
        warning_ms=values.number(config, "warningMs", field, _WARNING_MS),
    )


def literal_family(host: str) -> IpFamily | None:
    """The family of an IP literal; None for a host name."""
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    return IpFamily.IPV4 if version == 4 else IpFamily.IPV6


def _ip_family(config: dict[str, Any], host: str, field: str) -> IpFamily:
    family = values.choice(config, "ipFamily", field, IpFamily.ANY)
    if family is not IpFamily.ANY and literal_family(host) not in (None, family):
        raise InvalidError(f"{field}.ipFamily", "must be that of the address in hostname")
    return family
