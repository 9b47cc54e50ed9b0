"""The controller's settings, from `MAILPROBE_*` variables: each command asks for those it uses and no more."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from controller.decisions.monitors.monitors import is_email
from controller.trust.keys import TrustFile
from controller.vault import VaultKeys
from shared.log import LogFormat
from shared.nats.broker import AuthorityFile, Broker, NatsUrl
from shared.nats.credentials import Credentials
from shared.settings import Port, Seconds, SettingsError, Text
from shared.wire.targets import Secret

_HOSTS = re.compile(r"(?:(?:\[[^\]]*\]|[^:,\[\]]*)(?::[0-9]{1,5})?(?:,|\Z))*")

_SENDER = re.compile(r"[!-~]+@[!-~]+|[ -;=?-~]+<[!-;=?-~]+@[!-;=?-~]+>")


class DatabaseUrl(Secret):
    """It may carry a password. Raises ValueError, without the text, for what asyncpg would stumble over later."""

    def __init__(self, text: str) -> None:
        parts = urlsplit(text)
        if parts.scheme not in {"postgresql", "postgres"} or not _HOSTS.fullmatch(parts.netloc.rpartition("@")[2]):
            raise ValueError("must be a URL as in postgresql://user:password@host:5432/name")
        super().__init__(text)


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: LogFormat = "auto"


class StoreSettings(LogSettings, frozen=True, kw_only=True):
    """What a command needs that works on the database."""

    database_url: DatabaseUrl


class TrustSettings(LogSettings, frozen=True, kw_only=True):
    """What a command needs that asks for the installation's keys only."""

    trust_file: TrustFile


class EnrolmentSettings(StoreSettings, frozen=True, kw_only=True):
    """What a command needs that makes or changes logins to the broker. URL and authority go into enrolment files."""

    nats_url: NatsUrl
    trust_file: TrustFile
    nats_ca_file: AuthorityFile | None = None

    def broker(self, credentials: Credentials) -> Broker:
        """The broker, as one of its users sees it."""
        return Broker(self.nats_url.value, credentials, self.nats_ca_file.value if self.nats_ca_file else None)


class Network:
    """A network in CIDR notation, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        self.value = ip_network(text, strict=False)


class MailAddress:
    """An e-mail address, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        if not is_email(text):
            raise ValueError("must be e-mail addresses, separated by commas")
        self.value = text


class VaultSettings(StoreSettings, frozen=True, kw_only=True):
    """What `rotate-keys` needs."""

    vault_keys: VaultKeys


class NotifySettings(EnrolmentSettings, frozen=True, kw_only=True):
    """How people are told. `smtp_tls` is auto (STARTTLS where it is offered, always for a login), starttls, implicit or
    none. `sms_url` is an Apprise URL with {number} in it. Webhooks and services may reach public addresses and
    `notify_allow_networks`. Ops are told of the installation itself at `ops_email` and on their channels.
    """

    smtp_host: Text | None = None
    smtp_port: Port | None = None
    smtp_tls: Literal["auto", "starttls", "implicit", "none"] = "auto"
    smtp_user: Text | None = None
    smtp_password: Secret | None = None
    smtp_from: Text | None = None
    sms_url: Secret | None = None
    notify_allow_networks: tuple[Network, ...] = ()
    ops_email: tuple[MailAddress, ...] = ()

    def __post_init__(self) -> None:
        """Raises SettingsError."""
        problems = []
        if self.smtp_host and not self.smtp_from:
            problems.append("MAILPROBE_SMTP_FROM is required with MAILPROBE_SMTP_HOST")
        if self.smtp_from and not _SENDER.fullmatch(self.smtp_from):
            problems.append(
                "MAILPROBE_SMTP_FROM: must be as mailprobe@example.com or Mailprobe <mailprobe@example.com>"
            )
        if bool(self.smtp_user) is not bool(self.smtp_password):
            problems.append("MAILPROBE_SMTP_USER and MAILPROBE_SMTP_PASSWORD are required together")
        if self.sms_url and "{number}" not in self.sms_url.reveal():
            problems.append("MAILPROBE_SMS_URL: must have {number} where the number goes")
        if problems:
            raise SettingsError(problems)


class ControllerSettings(NotifySettings, frozen=True, kw_only=True):
    """What `serve` needs. `drain_seconds` is how long requests under way may take at the stop; `rate_limit` is requests
    a minute of one caller, 0 is no limit; `trusted_proxies` are believed when they say who the client is. The broker
    keeps each stream on `nats_replicas` of its servers. With `metrics_per_monitor` there are metrics of each monitor,
    for those who may read it.
    """

    vault_keys: VaultKeys
    nats_replicas: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    host: Text = "127.0.0.1"
    port: Port = 8080
    drain_seconds: Seconds = 10.0
    rate_limit: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 100
    trusted_proxies: tuple[Network, ...] = ()
    metrics_per_monitor: bool = False
