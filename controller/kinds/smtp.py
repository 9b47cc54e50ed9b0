"""The config of an SMTP monitor: the vendor's keys, which are Nodemailer's, and ours (docs/compatibility.md, U11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, ClassVar, Self

from msgspec import Meta

from controller.decisions.discovery.services import MailService
from controller.errors import InvalidError
from controller.kinds import values
from controller.kinds.configured import Configured, ConfiguredLogin, options_of
from controller.kinds.configured import login_of as login_in
from controller.kinds.forms import FormField, FormGroup
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.server_forms import server_form
from controller.kinds.typed import TARGET, Written, put, shown_login, with_login
from controller.kinds.typed_server import Tls, TypedServer, server_config, server_fields
from controller.model.values.hostname import host_of
from shared.wire.targets import TlsMode, kind_of
from shared.wire.targets.smtp import SmtpTarget

_PLAIN_PORT = 25
_IMPLICIT_TLS_PORT = 465

# RFC 5321 section 4.5.3.1: 64 octets before the @. Characters that would end or split a command's path are refused.
_ADDRESS = re.compile(r"(?P<local>[!-;=?A-~]{1,64})@(?P<domain>[^@\s<>]{1,255})")
_LITERAL = re.compile(r"\[(?:IPv6:)?(?P<address>[0-9A-Fa-f:.]+)\]", re.IGNORECASE)


def target_of(monitor: Configured, field: str) -> SmtpTarget:
    """`field` is the config's name in the API. Raises InvalidError."""
    config = monitor.config
    host = host_of(monitor.hostname)
    secure = values.flag(config, "secure", field, default=False)
    logins_of(config, field)
    return SmtpTarget(
        host=host,
        port=monitor.port if monitor.port is not None else _IMPLICIT_TLS_PORT if secure else _PLAIN_PORT,
        tls=TlsMode.IMPLICIT if secure else _starttls(config, field),
        ehlo_name=_ehlo_name(config, field),
        mail_from=_address(config, "mailFrom", field) or "",
        rcpt_to=_address(config, "rcptTo", field),
        **options_of(config, host, field),
    )


def logins_of(config: dict[str, Any], field: str) -> dict[str, ConfiguredLogin]:
    """Raises InvalidError."""
    return login_in(values.section(config, "auth", field), "pass", f"{field}.auth")


def _starttls(config: dict[str, Any], field: str) -> TlsMode:
    ignore = values.flag(config, "ignoreTls", field, default=False)
    require = values.flag(config, "requireTls", field, default=False)
    if ignore and require:
        raise InvalidError(f"{field}.ignoreTls", "and requireTls must not both be true")
    if ignore:
        return TlsMode.NONE
    return TlsMode.REQUIRED if require else TlsMode.OPPORTUNISTIC


def _ehlo_name(config: dict[str, Any], field: str) -> str | None:
    name = values.text(config, "ehloName", field)
    return _domain(name, f"{field}.ehloName", "must be a host name or an IP address") if name else None


def _address(config: dict[str, Any], key: str, field: str) -> str | None:
    """An address that any server accepts: ASCII before the @ (RFC 6531 would need SMTPUTF8), A-labels after it."""
    text = values.text(config, key, field)
    if not text:
        return None
    rule = "must be an e-mail address, in ASCII before the @"
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise InvalidError(f"{field}.{key}", rule)
    return f"{found['local']}@{_domain(found['domain'], f'{field}.{key}', rule)}"


def _domain(name: str, field: str, rule: str) -> str:
    """A domain or an address literal (RFC 5321 section 4.1.3). Raises InvalidError."""
    literal = _LITERAL.fullmatch(name)
    try:
        host = str(ip_address(literal["address"])) if literal else host_of(name)
    except ValueError:
        raise InvalidError(field, rule) from None
    address = _ip(host)
    if address is None:
        return host
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


class SmtpMonitorTarget(TypedServer, frozen=True, kw_only=True, tag_field="kind", tag="smtp"):
    """An SMTP server."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "host": "mail.example.com",
        "port": 587,
        "tls": "required",
        "slowAfterMs": 2000,
        "login": {"user": "probe@example.com", "password": "correct horse battery staple"},
    }
    FIELDS: ClassVar[Mapping[str, str]] = {
        **TypedServer.FIELDS,
        "secure": "tls",
        "requireTls": "tls",
        "ignoreTls": "tls",
        "auth": "login",
        "auth.user": "login.user",
        "auth.pass": "login.password",
        "auth.accessToken": "login.accessToken",
    }

    tls: Tls = TlsMode.OPPORTUNISTIC
    ehlo_name: (
        Annotated[
            str,
            Meta(
                description="The name to send in EHLO. Null: the agent's own.",
                max_length=255,
                extra_json_schema={"format": "hostname"},
            ),
        ]
        | None
    ) = None
    mail_from: (
        Annotated[
            str,
            Meta(
                description="The sender of the test with `rcptTo`. Null: the null reverse-path.",
                max_length=320,
                extra_json_schema={"format": "email"},
            ),
        ]
        | None
    ) = None
    rcpt_to: (
        Annotated[
            str,
            Meta(
                description="The recipient whose acceptance is tested; no mail is sent. Null: none is.",
                max_length=320,
                examples=["postmaster@example.com"],
                extra_json_schema={"format": "email"},
            ),
        ]
        | None
    ) = None

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:
        config = monitor.config
        target = target_of(monitor, field)
        return cls(
            **server_fields(monitor, field),
            tls=target.tls,
            ehlo_name=values.text(config, "ehloName", field) or None,
            mail_from=values.text(config, "mailFrom", field) or None,
            rcpt_to=values.text(config, "rcptTo", field) or None,
            login=shown_login(values.section(config, "auth", field), "pass"),
        )

    def into(self, config: dict[str, Any]) -> Written:
        new = server_config(self, config)
        put(new, "secure", self.tls is TlsMode.IMPLICIT, False)
        put(new, "requireTls", self.tls is TlsMode.REQUIRED, False)
        put(new, "ignoreTls", self.tls is TlsMode.NONE, False)
        put(new, "ehloName", self.ehlo_name, None)
        put(new, "mailFrom", self.mail_from, None)
        put(new, "rcptTo", self.rcpt_to, None)
        put(new, "auth", with_login(values.section(config, "auth", TARGET), self.login, "pass"), {})
        return Written(kind_of(SmtpTarget), self.host, self.port, new, self.address)


TYPE = MonitorType("smtp", "SMTP", "smtpConfig")

_FORM = server_form(
    SmtpTarget,
    login="empty: the check does not log in",
    groups=(
        FormGroup(
            "Is a recipient accepted?",
            (
                FormField(
                    "rcpt_to",
                    "Recipient",
                    "the check asks whether the server would take mail for this address, and sends none; empty: it"
                    " does not ask",
                    example="postmaster@example.com",
                ),
                FormField("mail_from", "Sender", "the sender it names; empty: none, as for bounces"),
            ),
            more=True,
        ),
    ),
    more=(FormField("ehlo_name", "EHLO name", "how the check introduces itself; empty: the name of the agent"),),
)

_SERVICES = (
    MailService(
        "submission", "smtp", 587, TlsMode.REQUIRED, "submission of mail by people, with STARTTLS", 1, "RFC 6186"
    ),
    MailService("submissions", "smtp", 465, TlsMode.IMPLICIT, "submission of mail by people over TLS", 2, "RFC 8314"),
    MailService("smtp", "smtp", _PLAIN_PORT, TlsMode.OPPORTUNISTIC, "SMTP, by which servers take mail", 4, mx=True),
    MailService("smtps", "smtp", _IMPLICIT_TLS_PORT, TlsMode.IMPLICIT, "SMTP over TLS", 9),
)

KINDS = (
    MonitorKind(
        target=SmtpTarget,
        type=TYPE,
        label="SMTP",
        short_label="smtp",
        form=_FORM,
        services=_SERVICES,
        greeting="220",
        typed=SmtpMonitorTarget,
        read=target_of,
        logins=logins_of,
    ),
)

SMTP = tuple(kind.name for kind in KINDS)
