"""From what a user configured to what an agent is asked to check. Pure; the only reader of the keys inside a config.

Values are coerced for the check and never rewritten in storage (api.md, rules 8 and 11).
"""

from __future__ import annotations

from typing import Any, Protocol

from controller.decisions.hostname import host_of
from controller.errors import InvalidError
from shared.targets import SmtpTarget, Target, TlsMode, kind_of

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_PLAIN_PORT = 25
_IMPLICIT_TLS_PORT = 465


class Configured(Protocol):
    """What of a monitor makes its target."""

    @property
    def kind(self) -> str: ...
    @property
    def hostname(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def config(self) -> dict[str, Any]: ...


def target_of(monitor: Configured) -> Target:
    """The target without its login. Raises InvalidError naming the field and the rule."""
    if monitor.kind != kind_of(SmtpTarget):
        raise InvalidError("kind", f"{monitor.kind!r} is not known")
    return smtp_target(monitor.hostname, monitor.port, monitor.config)


def smtp_target(hostname: str, port: int | None, config: dict[str, Any], *, field: str = "smtpConfig") -> SmtpTarget:
    """`field` is what the caller calls the config, for messages. Raises InvalidError."""
    secure = _flag(config, "secure", field, default=False)
    tls_options = _section(config, "tlsOptions", field)
    smtp_login(config, field=field)
    return SmtpTarget(
        host=host_of(hostname),
        port=port if port is not None else _IMPLICIT_TLS_PORT if secure else _PLAIN_PORT,
        tls=TlsMode.IMPLICIT if secure else _starttls(config, field),
        verify_certificate=_flag(tls_options, "rejectUnauthorized", f"{field}.tlsOptions", default=True),
    )


def smtp_login(config: dict[str, Any], *, field: str = "smtpConfig") -> tuple[str, str] | None:
    """User and password as they stand in the config (the password encrypted when it is a stored one), or None when
    there is no login to try: only both together are used. Raises InvalidError.
    """
    auth = _section(config, "auth", field)
    user, password = _text(auth, "user", f"{field}.auth"), _text(auth, "pass", f"{field}.auth")
    return (user, password) if user and password else None


def _starttls(config: dict[str, Any], field: str) -> TlsMode:
    ignore = _flag(config, "ignoreTls", field, default=False)
    require = _flag(config, "requireTls", field, default=False)
    if ignore and require:
        raise InvalidError(f"{field}.ignoreTls", "and requireTls must not both be true")
    if ignore:
        return TlsMode.NONE
    return TlsMode.REQUIRED if require else TlsMode.OPPORTUNISTIC


def _flag(section: dict[str, Any], key: str, field: str, *, default: bool) -> bool:
    value = section.get(key)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | str) else ""
    if word not in _TRUE | _FALSE:
        raise InvalidError(f"{field}.{key}", "must be true or false")
    return word in _TRUE


def _section(config: dict[str, Any], key: str, field: str) -> dict[str, Any]:
    value = config.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidError(f"{field}.{key}", "must be an object")
    return value


def _text(section: dict[str, Any], key: str, field: str) -> str:
    value = section.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidError(f"{field}.{key}", "must be a string")
    return value
