"""The controller's settings, from `MAILPROBE_*` variables. Each command loads only those that it uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from controller.decisions.monitors.monitors import is_email
from controller.model.retention import BLOCKS_DAYS, RESULTS_DAYS, ROLLUPS_MONTHS, Kept
from controller.model.values.public_url import PublicUrl
from controller.model.values.secret_urls import DatabaseUrl, HeartbeatUrl, SmsUrl
from controller.retention_settings import KeepBlocksDays, KeepResultsDays, KeepRollupsMonths, problems_of
from controller.trust.keys import TrustFile
from controller.vault import VaultKeys
from shared.log import LogFormat
from shared.nats.broker import AuthorityFile, Broker, NatsUrl
from shared.nats.credentials import Credentials
from shared.private_files import read_private
from shared.secret import Secret
from shared.settings import NetworkSetting, Port, Seconds, SettingsError, Text, described
from shared.wire.target_url import UsageError, parse

_SHORTEST_TOKEN = 32
_TOKEN = re.compile(rf"[!-~]{{{_SHORTEST_TOKEN},}}")

_SENDER = re.compile(r"[!-~]+@[!-~]+|[ -;=?-~]+<[!-;=?-~]+@[!-;=?-~]+>")


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        described("The least severe lines that are logged: debug, info, warning or error."),
    ] = "info"
    log_format: Annotated[LogFormat, described("console or json; auto is console on a terminal, else json.")] = "auto"


class StoreSettings(LogSettings, frozen=True, kw_only=True):
    """The settings of commands that use the database."""

    database_url: Annotated[
        DatabaseUrl,
        described(
            "PostgreSQL, as in postgresql://user:password@host:5432/name. Several hosts and ?host=/socket/folder work."
        ),
    ]


class TrustSettings(LogSettings, frozen=True, kw_only=True):
    """The settings of commands that need only the installation's keys."""

    trust_file: Annotated[
        TrustFile, described("The file with the installation's keys, made by `mailprobe-controller trust new`.")
    ]


class TrustStoreSettings(StoreSettings, frozen=True, kw_only=True):
    """The settings of commands that compare the installation's keys with what is stored."""

    trust_file: Annotated[
        TrustFile, described("The file with the installation's keys, made by `mailprobe-controller trust new`.")
    ]


class EnrolmentSettings(TrustStoreSettings, frozen=True, kw_only=True):
    """The settings of commands that make or change logins to the broker. URL and CA file go into enrolment files."""

    nats_url: Annotated[
        NatsUrl,
        described("NATS, as in tls://host:4222; several separated by commas. nats:// is for loopback only."),
    ]
    nats_ca_file: Annotated[
        AuthorityFile | None,
        described("A PEM file with an authority of your own for NATS. It goes into enrolment files."),
    ] = None

    def broker(self, credentials: Credentials) -> Broker:
        """The broker, to be used with these credentials."""
        return Broker(self.nats_url.value, credentials, self.nats_ca_file.value if self.nats_ca_file else None)


class MailAddress:
    """An e-mail address, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        if not is_email(text):
            raise ValueError("must be e-mail addresses, separated by commas")
        self.value = text


class CanaryTarget:
    """A mail server by its URL, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        if "@" in text:
            raise ValueError("must not name a user: canaries do not log in")
        try:
            self.value = parse(text).target
        except UsageError as error:
            raise ValueError(str(error)) from None


class MetricsTokenFile:
    """A file with the token that reads `/metrics`, as a setting. Raises ValueError, without the token."""

    __slots__ = ("value",)

    def __init__(self, path: str) -> None:
        text = read_private(Path(path)).strip()
        if not _TOKEN.fullmatch(text):
            raise ValueError(
                f"must hold a token of {_SHORTEST_TOKEN} visible ASCII characters or more, and nothing else:"
                " `openssl rand -hex 32` makes one"
            )
        self.value = Secret(text)


class VaultSettings(StoreSettings, frozen=True, kw_only=True):
    """The settings of `rotate-keys`."""

    vault_keys: Annotated[
        VaultKeys,
        described(
            "The keys that encrypt stored passwords, from `mailprobe-controller new-vault-key`, separated by commas."
            " The first encrypts, all decrypt."
        ),
    ]


_PublicUrl: TypeAlias = Annotated[
    PublicUrl | None,
    described(
        "Where people reach the dashboard, as in https://mailprobe.example.com. All links begin with it. Without it"
        " mails and messages hold no links."
    ),
]


class LinkSettings(StoreSettings, frozen=True, kw_only=True):
    """The settings of `login-link`."""

    public_url: _PublicUrl = None


class NotifySettings(EnrolmentSettings, frozen=True, kw_only=True):
    """The settings of notifications."""

    public_url: _PublicUrl = None
    smtp_host: Annotated[
        Text | None,
        described("The mail relay for notifications. Without it no mail is sent, and the alert history says so."),
    ] = None
    smtp_port: Annotated[
        Port | None, described("The relay's port. The default is 25, or 587 with starttls, or 465 with implicit.")
    ] = None
    smtp_tls: Annotated[
        Literal["auto", "starttls", "implicit", "none"],
        described("auto (STARTTLS where offered, required for a login), starttls, implicit or none."),
    ] = "auto"
    smtp_user: Annotated[Text | None, described("The user name at the relay.")] = None
    smtp_password: Annotated[Secret | None, described("The password at the relay.")] = None
    smtp_from: Annotated[Text | None, described("The sender of notifications. Required with a relay.")] = None
    sms_url: Annotated[SmsUrl | None, described("An Apprise URL with {number} in it, for text messages.")] = None
    notify_allow_networks: Annotated[
        tuple[NetworkSetting, ...],
        described(
            "Networks (CIDR) that webhooks, services and providers of single sign-on may be in, besides public"
            " addresses."
        ),
    ] = ()
    ops_email: Annotated[
        tuple[MailAddress, ...],
        described(
            "Addresses that get notices about the installation itself: silent locations, results that are unexpected or"
            " not signed, lost canaries, NATS or PostgreSQL that store nothing"
            " (docs/operations.md, Monitoring Mailprobe)."
        ),
    ] = ()

    heartbeat_url: Annotated[
        HeartbeatUrl | None,
        described(
            "A URL of a monitoring service elsewhere. One controller fetches it every minute while the installation"
            " works, so that service notices when it does not (docs/operations.md, Watching the watcher)."
        ),
    ] = None
    canary_target: Annotated[
        CanaryTarget | None,
        described(
            "A mail server of your own, as in smtp://mail.example.net:587, with which every canary holds a dialogue."
        ),
    ] = None

    def __post_init__(self) -> None:
        """Raises SettingsError."""
        problems = []
        if self.smtp_host and not self.smtp_from:
            problems.append("MAILPROBE_SMTP_FROM is required with MAILPROBE_SMTP_HOST")
        if self.smtp_from and not _SENDER.fullmatch(self.smtp_from):
            problems.append(
                "MAILPROBE_SMTP_FROM: must be like mailprobe@example.com or Mailprobe <mailprobe@example.com>"
            )
        if bool(self.smtp_user) is not bool(self.smtp_password):
            problems.append("MAILPROBE_SMTP_USER and MAILPROBE_SMTP_PASSWORD are required together")
        if problems:
            raise SettingsError(problems)


class ControllerSettings(NotifySettings, frozen=True, kw_only=True):
    """The settings of `serve`."""

    vault_keys: Annotated[
        VaultKeys,
        described(
            "The keys that encrypt stored passwords, from `mailprobe-controller new-vault-key`, separated by commas."
            " The first encrypts, all decrypt."
        ),
    ]
    nats_replicas: Annotated[
        int, msgspec.Meta(ge=1, le=5), described("On how many servers of a NATS cluster each stream is kept.")
    ] = 1
    host: Annotated[Text, described("The address that the API listens on.")] = "127.0.0.1"
    port: Annotated[Port, described("The port that the API listens on.")] = 8080
    drain_seconds: Annotated[Seconds, described("How long a stop waits for open requests, in seconds.")] = 10.0
    rate_limit: Annotated[
        int,
        msgspec.Meta(ge=0, le=1_000_000),
        described("Requests per minute of one token, person or (before login) address; 0 is no limit."),
    ] = 100
    trusted_proxies: Annotated[
        tuple[NetworkSetting, ...],
        described("Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted."),
    ] = ()
    metrics_token_file: Annotated[
        MetricsTokenFile | None,
        described(
            "A file with a token of 32 characters or more that reads /metrics on the API's port, besides an"
            " administrator's. Others on the machine must not be able to read it."
        ),
    ] = None
    metrics_host: Annotated[Text, described("The address that /metrics listens on without a token.")] = "127.0.0.1"
    metrics_port: Annotated[
        Port | None,
        described("A second port, which serves only /metrics, to everybody who reaches it. Without it there is none."),
    ] = None
    metrics_per_monitor: Annotated[
        bool, described("Serve /metrics/monitors, with metrics of each monitor, to tokens that may read it.")
    ] = False
    keep_results_days: KeepResultsDays = RESULTS_DAYS
    keep_rollups_months: KeepRollupsMonths = ROLLUPS_MONTHS
    keep_blocks_days: KeepBlocksDays = BLOCKS_DAYS

    @property
    def keeps(self) -> Kept:
        return Kept(self.keep_results_days, self.keep_rollups_months, self.keep_blocks_days)

    def __post_init__(self) -> None:
        """Raises SettingsError."""
        super().__post_init__()
        if problems := problems_of(self.keeps):
            raise SettingsError(problems)
