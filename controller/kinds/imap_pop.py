"""The config of an IMAP or POP3 monitor: the vendor's keys, which both share, and ours (docs/compatibility.md, U12)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import Meta

from controller.decisions.discovery.services import MailService
from controller.errors import InvalidError
from controller.kinds import values
from controller.kinds.configured import Configured, ConfiguredLogin, options_of
from controller.kinds.configured import login_of as login_in
from controller.kinds.forms import FormField
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.server_forms import server_form
from controller.kinds.typed import Written, put, shown_login, with_login
from controller.kinds.typed_server import Tls, TypedServer, server_config, server_fields
from controller.model.values.hostname import host_of
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target

_LONGEST_MAILBOX = 1000
_INBOX = "INBOX"


class MailboxProtocol(StrEnum):
    """The values are those of the key `protocol`, and the kinds of the targets."""

    IMAP = "imap"
    POP3 = "pop3"


class StartTls(StrEnum):
    """When STARTTLS or STLS is used (RFC 2595); it has no effect where `tls` is true."""

    NEVER = "never"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


_MODES = {
    StartTls.NEVER: TlsMode.NONE,
    StartTls.OPPORTUNISTIC: TlsMode.OPPORTUNISTIC,
    StartTls.REQUIRED: TlsMode.REQUIRED,
}
_STARTTLS = {mode: word for word, mode in _MODES.items()}
_PORTS = {
    (MailboxProtocol.IMAP, True): 993,
    (MailboxProtocol.IMAP, False): 143,
    (MailboxProtocol.POP3, True): 995,
    (MailboxProtocol.POP3, False): 110,
}


def protocol_of(config: dict[str, Any], field: str) -> MailboxProtocol:
    """Raises InvalidError."""
    return values.choice(config, "protocol", field, MailboxProtocol.IMAP)


def target_of(monitor: Configured, field: str) -> ImapTarget | Pop3Target:
    """`field` is the config's name in the API. Raises InvalidError."""
    config = monitor.config
    protocol = protocol_of(config, field)
    host = host_of(monitor.hostname)
    tls = values.flag(config, "tls", field, default=False)
    starttls = values.choice(config, "starttls", field, StartTls.NEVER)
    port = monitor.port if monitor.port is not None else _PORTS[protocol, tls]
    mode = TlsMode.IMPLICIT if tls else _MODES[starttls]
    mailbox = _mailbox(config, field)
    options = options_of(config, host, field)
    logins_of(config, field)
    if protocol is MailboxProtocol.POP3:
        return Pop3Target(host=host, port=port, tls=mode, **options)
    return ImapTarget(host=host, port=port, tls=mode, mailbox=mailbox, **options)


def logins_of(config: dict[str, Any], field: str) -> dict[str, ConfiguredLogin]:
    """Raises InvalidError."""
    return login_in(config, "password", field)


def _mailbox(config: dict[str, Any], field: str) -> str:
    """The mailbox to examine, `INBOX` by default (RFC 9051 section 5.1)."""
    name = values.text(config, "mailbox", field) or _INBOX
    if len(name) > _LONGEST_MAILBOX or any(unicodedata.category(character) == "Cc" for character in name):
        raise InvalidError(f"{field}.mailbox", f"must be 1 to {_LONGEST_MAILBOX} characters, no control characters")
    return name


def _kind_in(config: dict[str, Any], field: str, kinds: Collection[str]) -> str:
    kind = protocol_of(config, field).value
    if kind not in kinds:
        raise InvalidError(f"{field}.protocol", f"must be {' or '.join(kinds)}")
    return kind


class TypedMailbox(TypedServer, frozen=True, kw_only=True):
    """A server that people read their mail from."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "host": "mail.example.com",
        "login": {"user": "probe@example.com", "password": "correct horse battery staple"},
    }
    FIELDS: ClassVar[Mapping[str, str]] = {
        **TypedServer.FIELDS,
        "starttls": "tls",
        "protocol": "kind",
        "user": "login.user",
        "password": "login.password",
        "accessToken": "login.accessToken",
    }

    tls: Tls = TlsMode.IMPLICIT

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:
        target = target_of(monitor, field)
        return cls(**server_fields(monitor, field), tls=target.tls, login=shown_login(monitor.config, "password"))

    def into(self, config: dict[str, Any]) -> Written:
        kind = str(self.__struct_config__.tag)
        new = with_login(server_config(self, config), self.login, "password")
        implicit = self.tls is TlsMode.IMPLICIT
        new["protocol"] = kind
        put(new, "tls", implicit, False)
        if not implicit:
            put(new, "starttls", _STARTTLS[self.tls].value, StartTls.NEVER.value)
        return Written(kind, self.host, self.port, new, self.address)


class Pop3MonitorTarget(TypedMailbox, frozen=True, kw_only=True, tag_field="kind", tag="pop3"):
    """A POP3 server."""


class ImapMonitorTarget(TypedMailbox, frozen=True, kw_only=True, tag_field="kind", tag="imap"):
    """An IMAP server. After a login the check examines `mailbox`."""

    mailbox: Annotated[
        str,
        Meta(
            description="The mailbox to examine after the login.",
            min_length=1,
            max_length=_LONGEST_MAILBOX,
            examples=["INBOX"],
        ),
    ] = _INBOX

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:
        return msgspec.structs.replace(super().of(monitor, field), mailbox=_mailbox(monitor.config, field))

    def into(self, config: dict[str, Any]) -> Written:
        written = super().into(config)
        put(written.config, "mailbox", self.mailbox, _INBOX)
        return written


TYPE = MonitorType("imap-pop", "IMAP/POP", "imapPopConfig", kind_in=_kind_in)


_RANKS = {"imaps": 3, "pop3s": 5, "imap": 6, "pop3": 7}


def _service(protocol: MailboxProtocol, *, implicit: bool) -> MailService:
    name = f"{protocol.value}{'s' if implicit else ''}"
    tls, words = (TlsMode.IMPLICIT, "over TLS") if implicit else (TlsMode.REQUIRED, "with STARTTLS")
    port = _PORTS[protocol, implicit]
    return MailService(name, protocol.value, port, tls, f"{protocol.upper()} {words}", _RANKS[name], "RFC 6186")


_GREETINGS = {MailboxProtocol.IMAP: "* OK", MailboxProtocol.POP3: "+OK"}


def _kind(
    target: type[ImapTarget | Pop3Target],
    protocol: MailboxProtocol,
    typed: type[TypedMailbox],
    more: tuple[FormField, ...] = (),
) -> MonitorKind:
    return MonitorKind(
        target=target,
        type=TYPE,
        label=protocol.upper(),
        short_label=protocol.value,
        greeting=_GREETINGS[protocol],
        services=(_service(protocol, implicit=True), _service(protocol, implicit=False)),
        form=server_form(target, login="empty: the check does not log in", more=more),
        typed=typed,
        read=target_of,
        logins=logins_of,
    )


KINDS = (
    _kind(
        ImapTarget,
        MailboxProtocol.IMAP,
        ImapMonitorTarget,
        (FormField("mailbox", "Mailbox", "examined after the login; empty: the inbox"),),
    ),
    _kind(Pop3Target, MailboxProtocol.POP3, Pop3MonitorTarget),
)

IMAP_POP = tuple(kind.name for kind in KINDS)
