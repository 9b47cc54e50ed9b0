"""What an agent is told from outside: `MAILPROBE_*` variables, its command line and its enrolment file."""

from __future__ import annotations

import os
import re
import socket
import ssl
from base64 import b64decode
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import msgspec

from shared.log import LogFormat
from shared.nats.broker import Broker, NatsUrl
from shared.nats.credentials import parse
from shared.settings import Port, PositiveInt, Seconds, SettingsError, Text, load, variable
from shared.wire import subjects
from shared.wire.enrolment import Enrolment, EnrolmentError
from shared.wire.enrolment import read as read_enrolment
from shared.wire.signing import Verifier
from shared.wire.targets import Secret

_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_KEY_BYTES = 32
_ENROLLED = ("location", "country", "nats_url", "sealing_key", "nats_credentials", "nats_ca", "verify_keys")
_NOT_A_HOST = re.compile(r"[^a-z0-9-]+")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")

EhloName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.\[\]:_-]*$", max_length=255)]
LogLevel = Annotated[str, msgspec.Meta(pattern="^(debug|info|warning|error)$")]
PerSecond = Annotated[float, msgspec.Meta(gt=0, le=100_000)]


class Network:
    """A network in CIDR notation, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        self.value = ip_network(text, strict=False)


class HostNames:
    """Host names as a setting; the word `none` stands for no host. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        names = text.replace(",", " ").split()
        self.value: tuple[str, ...] = () if names == ["none"] else tuple(names)
        if not all(_HOST.match(name) for name in self.value):
            raise ValueError("not host names")


class LoginText:
    """The text of a `.creds` file, as a setting. Raises CredentialsError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        self.value = parse(text)


class AuthorityText:
    """PEM certificates that are trusted, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        try:
            ssl.create_default_context(cadata=text)
        except (ssl.SSLError, TypeError, ValueError) as error:  # a TypeError is for what is no ASCII
            raise ValueError("holds no certificates in PEM form") from error
        self.value = text


PORT25_HOSTS = HostNames("gmail-smtp-in.l.google.com mta5.am0.yahoodns.net mx01.mail.icloud.com")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of an agent.

    `control_name` is resolved to tell a broken resolver from an unknown host, `port25_hosts` are mail servers of
    several operators that tell a blocked port from a dead host. `concurrency` and `starts_per_second` are those of one
    process, `per_address_*` those of the agent. Metrics are served only with a `metrics_port`.
    """

    country: str
    nats_url: NatsUrl
    sealing_key: Secret
    nats_credentials: LoginText
    verify_keys: tuple[str, ...]
    location: str = ""
    agent_name: str = ""
    allow_networks: tuple[Network, ...] = ()
    ca_file: Path | None = None
    concurrency: PositiveInt = 500
    control_name: Text = "example.com"
    drain_seconds: Seconds = 8.0
    ehlo_name: EhloName = ""
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"
    metrics_host: Text = "127.0.0.1"
    metrics_port: Port | None = None
    per_address_concurrency: PositiveInt = 2
    per_address_starts_per_second: PerSecond = 1.0
    port25_hosts: HostNames = PORT25_HOSTS
    nats_ca: AuthorityText | None = None
    processes: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0
    starts_per_second: PerSecond = 200.0

    @property
    def broker(self) -> Broker:
        """Where this location's requests are, and as whom we fetch them."""
        authority = self.nats_ca.value if self.nats_ca else None
        return Broker(self.nats_url.value, self.nats_credentials.value, authority, location=self.location)


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says about things the enrolment file says too: there the environment wins."""

    enrolment: Path | None = None
    location: str | None = None
    country: str | None = None
    nats_url: str | None = None
    sealing_key: Secret | None = None
    nats_credentials: Secret | None = None
    nats_ca: str | None = None
    verify_keys: str | None = None


def read_settings(**given: str | None) -> Settings:
    """Read everything; `given` comes from the command line and wins. Raises SettingsError with all problems."""
    outside = load(_Given, None, **{name: given.get(name) for name in _Given.__struct_fields__})
    problems: list[str] = []
    if outside.enrolment is not None:
        try:
            enrolment = read_enrolment(outside.enrolment)
        except EnrolmentError as error:
            raise SettingsError([str(error)]) from error
        given |= {name: _text(enrolment, name) for name in _ENROLLED if getattr(outside, name) is None}
    settings = load(Settings, None, **given)
    location = settings.location or settings.country
    country = settings.country.upper()
    if not _COUNTRY.match(country):
        problems.append(f"{variable('country')}: a country code has two letters")
    for name, value in (("location", location), ("agent_name", settings.agent_name or "agent")):
        try:
            subjects.token(value)
        except ValueError as error:
            problems.append(f"{variable(name)}: {error}")
    if not _is_key(settings.sealing_key):
        problems.append(f"{variable('sealing_key')}: not a sealing key (base64 of {_KEY_BYTES} bytes)")
    try:
        Verifier(settings.verify_keys)
    except ValueError:
        problems.append(f"{variable('verify_keys')}: not Ed25519 public keys in base64")
    if not settings.verify_keys:
        problems.append(f"{variable('verify_keys')}: names no key, so that every request would be refused")
    if problems:
        raise SettingsError(problems)
    return msgspec.structs.replace(
        settings,
        country=country,
        location=location.lower(),
        agent_name=(settings.agent_name or _default_agent_name()).lower(),
        ehlo_name=settings.ehlo_name or default_ehlo_name(),
        processes=settings.processes or _cores(),
    )


def _text(enrolment: Enrolment, name: str) -> str | None:
    value = getattr(enrolment, name)
    if isinstance(value, list):
        return " ".join(value)
    return value.reveal() if isinstance(value, Secret) else value


def _is_key(key: Secret) -> bool:
    try:
        return len(b64decode(key.reveal(), validate=True)) == _KEY_BYTES
    except ValueError:
        return False


def _default_agent_name() -> str:
    """Host name and process id: several agents of a location may run on one machine."""
    host = _NOT_A_HOST.sub("-", socket.gethostname().lower().partition(".")[0]).strip("-")
    return f"{host or 'agent'}-{os.getpid()}"


def _cores() -> int:
    """How many cores this process may use, which a container or `taskset` may have made fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_ehlo_name() -> str:
    """The host's full name, or else its address as a literal (RFC 5321 section 4.1.3). Asks no name server."""
    host = socket.gethostname()
    if "." in host.strip(".") and host.isascii():
        return host
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
            outward.connect(("192.0.2.1", 25))  # chooses the address it would send from; sends nothing
            return f"[{outward.getsockname()[0]}]"
    except OSError:
        return "[127.0.0.1]"
