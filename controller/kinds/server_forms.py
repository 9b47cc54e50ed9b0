"""The parts of a form that all kinds of mail server share. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from controller.kinds.forms import FormField, FormGroup, KindForm
from shared.wire.targets import Server
from shared.wire.targets.base import IpFamily, TlsMode

_TLS = {
    TlsMode.OPPORTUNISTIC.value: "STARTTLS if the server offers it",
    TlsMode.REQUIRED.value: "STARTTLS, required",
    TlsMode.IMPLICIT.value: "TLS from the first byte",
    TlsMode.NONE.value: "none: everything in clear",
}
_FAMILIES = {
    IpFamily.ANY.value: "IPv6 or IPv4",
    IpFamily.IPV4.value: "IPv4 only",
    IpFamily.IPV6.value: "IPv6 only",
}
_SERVER_MORE = (
    FormField("slow_after_ms", "Warn when slower than", "milliseconds for the whole check; empty: never"),
    FormField(
        "verify_certificate",
        "A certificate that cannot be verified is a failure",
        "take the tick away for a certificate of your own",
    ),
    FormField("certificate_warning_days", "Warn before the certificate ends", "days"),
    FormField("ip_family", "Addresses", words=_FAMILIES),
    FormField(
        "address",
        "Connect to this address",
        "an IPv4 or IPv6 address; empty: that of the server's name",
        example="192.0.2.25",
    ),
)


def server_form(
    target: type[Server], *, login: str, more: Sequence[FormField] = (), groups: Sequence[FormGroup] = ()
) -> KindForm:
    """The form of a kind that checks one server. `login` says what a login is good for, `more` are fields of the kind
    alone that are rarely needed, and `groups` are groups of its own.
    """
    plain, implicit = target.PORTS
    server = FormGroup(
        "What is checked",
        (
            FormField("host", "Server", "its name or its address", example="mail.example.com"),
            FormField("port", "Port", f"empty: {plain}, or {implicit} with TLS from the first byte"),
            FormField("tls", "Encryption", words=_TLS),
        ),
    )
    entry = FormGroup("Login", (FormField("login", "User", login),))
    return KindForm((server, entry, *groups, FormGroup("More about the check", (*more, *_SERVER_MORE), more=True)))
