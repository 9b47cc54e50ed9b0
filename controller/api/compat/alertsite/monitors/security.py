"""TLS, certificate check and login of AlertSite's monitors, stored in the same config keys as for Uptimeify."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds import configured_login, target_of
from controller.kinds.imap_pop import StartTls
from controller.model import Monitor
from shared.wire.targets import Server, TlsMode, kind_of
from shared.wire.targets.smtp import SmtpTarget

_STARTTLS = {
    TlsMode.NONE: StartTls.NEVER,
    TlsMode.OPPORTUNISTIC: StartTls.OPPORTUNISTIC,
    TlsMode.REQUIRED: StartTls.REQUIRED,
}


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """How a monitor shows them. `tls` is TLS from the first byte; `starttls` applies without it."""

    port: int
    tls: bool
    starttls: StartTls
    verify_certificate: bool
    user: str | None


def security_of(monitor: Monitor) -> Security:
    """Raises InvalidError when the stored config is not valid for a target."""
    target = _server_of(monitor)
    tls = target.tls is TlsMode.IMPLICIT
    mode = _without_tls(monitor) if tls else target.tls
    login = configured_login(monitor)
    return Security(
        port=target.port,
        tls=tls,
        starttls=_STARTTLS[mode],
        verify_certificate=target.verify_certificate,
        user=login.user if login else None,
    )


def config_with(config: dict[str, Any], kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """The config with tls, starttls, verify_certificate, user and password from `values`; all else stays."""
    smtp = kind == kind_of(SmtpTarget)
    changed = dict(config) if smtp else {"protocol": kind, **config}
    if "tls" in values:
        changed["secure" if smtp else "tls"] = values["tls"]
    if "starttls" in values and smtp:
        changed["ignoreTls"] = values["starttls"] is StartTls.NEVER
        changed["requireTls"] = values["starttls"] is StartTls.REQUIRED
    elif "starttls" in values:
        changed["starttls"] = values["starttls"].value
    if "verify_certificate" in values:
        changed["tlsOptions"] = {**_section(config, "tlsOptions"), "rejectUnauthorized": values["verify_certificate"]}
    login: dict[str, Any] = {name: values[name] for name in ("user", "password") if name in values}
    if login and smtp:
        names = {"user": "user", "password": "pass"}
        changed["auth"] = {**_section(config, "auth"), **{names[name]: value for name, value in login.items()}}
    else:
        changed |= login
    return changed


def _without_tls(monitor: Monitor) -> TlsMode:
    """The STARTTLS mode of a monitor that uses TLS from the first byte. Its flags have no effect and may contradict
    each other (docs/compatibility.md, U11); then the safer mode is shown.
    """
    config = {**monitor.config, "secure": False, "tls": False}
    try:
        return _server_of(msgspec.structs.replace(monitor, config=config)).tls
    except InvalidError:
        return TlsMode.REQUIRED


def _server_of(monitor: Monitor) -> Server:
    """The one server of a monitor of this group. Raises InvalidError."""
    [server] = target_of(monitor).endpoints
    return server


def _section(config: dict[str, Any], name: str) -> dict[str, Any]:
    section = config.get(name)
    return section if isinstance(section, dict) else {}
