"""The fields of a target that is one server, which all kinds of mail server share."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.errors import InvalidError
from controller.kinds import values
from controller.kinds.configured import Configured, options_of
from controller.kinds.typed import TARGET, TargetLogin, TypedTarget, kept_login, put
from controller.model.values.hostname import host_of
from controller.model.values.ruled import ruled
from shared.wire.targets.base import ONLY_LOGIN, IpFamily, Login, TlsMode

Host = Annotated[
    str,
    Meta(
        description="A host name, or an IPv4 or IPv6 address; no scheme and no path.",
        min_length=1,
        max_length=254,
        examples=["mail.example.com"],
        extra=ruled(host_of),
    ),
]
Port = Annotated[int, Meta(description="Null: the usual port of the kind and of `tls`.", ge=1, le=65_535)]
Tls = Annotated[
    TlsMode,
    Meta(
        description="`none`, `opportunistic` (STARTTLS when offered), `required` (STARTTLS or a failure) or `implicit`"
        " (TLS from the first byte).",
        examples=["implicit"],
    ),
]

_FROM_SERVER = {
    "hostname": "host",
    "port": "port",
    "tlsOptions": "verifyCertificate",
    "tlsOptions.rejectUnauthorized": "verifyCertificate",
    "warningMs": "slowAfterMs",
}
_USUAL_WARNING_DAYS = 14


def _check_address(address: str, *, field: str) -> None:
    try:
        ip_address(address)
    except ValueError:
        raise InvalidError(field, "must be an IPv4 or IPv6 address, or null") from None


class TypedServer(TypedTarget, frozen=True, kw_only=True):
    """A mail server."""

    FIELDS: ClassVar[Mapping[str, str]] = _FROM_SERVER

    host: Host
    port: Port | None = None
    verify_certificate: Annotated[
        bool, Meta(description="Whether a certificate that cannot be verified is a failure.")
    ] = True
    certificate_warning_days: Annotated[
        int,
        Meta(description="A certificate that is valid for fewer days than this is a warning.", ge=0, le=3650),
    ] = _USUAL_WARNING_DAYS
    ip_family: Annotated[IpFamily, Meta(description="`any`, `ipv4` or `ipv6`: which addresses are connected to.")] = (
        IpFamily.ANY
    )
    slow_after_ms: (
        Annotated[
            int, Meta(description="Milliseconds; a check that takes longer is a warning. Null: none.", ge=1, le=300_000)
        ]
        | None
    ) = None
    address: (
        Annotated[
            str,
            Meta(
                description="The IPv4 or IPv6 address to connect to; the certificate must still name `host`. Null:"
                " `host` is resolved.",
                max_length=45,
                examples=["192.0.2.25"],
                extra=ruled(_check_address),
            ),
        ]
        | None
    ) = None
    login: (
        Annotated[
            TargetLogin,
            Meta(description="Left out: as it is stored, and none for a new monitor; null removes it."),
        ]
        | UnsetType
        | None
    ) = UNSET

    def with_kept(self, logins: Mapping[str, Login]) -> Self:
        return msgspec.structs.replace(self, login=kept_login(self.login, logins.get(ONLY_LOGIN)))


def server_fields(monitor: Configured, field: str) -> dict[str, Any]:
    """The fields of a TypedServer that all kinds store in the same way, but for the login. Raises InvalidError."""
    options = options_of(monitor.config, host_of(monitor.hostname), field)
    return {
        "host": monitor.hostname,
        "port": monitor.port,
        "verify_certificate": options["verify_certificate"],
        "certificate_warning_days": options["certificate_warning_days"],
        "ip_family": options["ip_family"],
        "slow_after_ms": options["warning_ms"],
        "address": monitor.address,
    }


def server_config(server: TypedServer, config: dict[str, Any]) -> dict[str, Any]:
    """A copy of the config with the keys that all kinds have. Raises InvalidError."""
    if server.address is not None:
        _check_address(server.address, field=f"{TARGET}.address")
    new = dict(config)
    put(new, "certificateWarningDays", server.certificate_warning_days, _USUAL_WARNING_DAYS)
    put(new, "ipFamily", server.ip_family.value, IpFamily.ANY.value)
    put(new, "warningMs", server.slow_after_ms, None)
    tls_options = dict(values.section(config, "tlsOptions", TARGET))
    put(tls_options, "rejectUnauthorized", server.verify_certificate, True)
    put(new, "tlsOptions", tls_options, {})
    return new
