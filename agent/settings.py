"""The settings of an agent, from `MAILPROBE_*` variables, its command line and its enrolment file."""

from __future__ import annotations

import os
import re
import socket
import ssl
from base64 import b64decode
from pathlib import Path
from typing import Annotated

import msgspec

from shared.log import LogFormat
from shared.nats.broker import Broker, NatsUrl
from shared.nats.credentials import parse
from shared.secret import Secret
from shared.settings import NetworkSetting, Port, PositiveInt, Seconds, SettingsError, Text, described, load, variable
from shared.wire import subjects
from shared.wire.enrolment import Enrolment, EnrolmentError
from shared.wire.enrolment import read as read_enrolment
from shared.wire.signing import Verifier

_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_KEY_BYTES = 32
_ENROLLED = ("location", "country", "nats_url", "sealing_key", "nats_credentials", "nats_ca", "verify_keys")
_NOT_A_HOST = re.compile(r"[^a-z0-9-]+")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")

EhloName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.\[\]:_-]*$", max_length=255)]
LogLevel = Annotated[str, msgspec.Meta(pattern="^(debug|info|warning|error)$")]
PerSecond = Annotated[float, msgspec.Meta(gt=0, le=100_000)]


class HostNames:
    """Host names as a setting; the word `none` means no host. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        names = text.replace(",", " ").split()
        self.value: tuple[str, ...] = () if names == ["none"] else tuple(names)
        if not all(_HOST.match(name) for name in self.value):
            raise ValueError("must be host names")


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
        except (ssl.SSLError, TypeError, ValueError) as error:  # TypeError: the text is not ASCII
            raise ValueError("holds no certificates in PEM form") from error
        self.value = text


PORT25_HOSTS = HostNames("gmail-smtp-in.l.google.com mta5.am0.yahoodns.net mx01.mail.icloud.com")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of an agent."""

    country: Annotated[str, described("The country of the location, two letters.")]
    nats_url: Annotated[NatsUrl, described("NATS, as in tls://host:4222; several separated by commas.")]
    sealing_key: Annotated[Secret, described("The private key that opens logins sealed to this location, base64.")]
    nats_credentials: Annotated[LoginText, described("The login to NATS: the text of a `.creds` file.")]
    verify_keys: Annotated[tuple[str, ...], described("Public keys of the controllers' request signatures, base64.")]
    location: Annotated[str, described("The code of the location. Without it, the country code in lower case.")] = ""
    agent_name: Annotated[str, described("The agent's name in results. The default is host name and process id.")] = ""
    allow_networks: Annotated[
        tuple[NetworkSetting, ...], described("Networks (CIDR) that checks may reach besides public addresses.")
    ] = ()
    ca_file: Annotated[
        Path | None, described("A PEM file with further authorities for the certificates of mail servers.")
    ] = None
    concurrency: Annotated[PositiveInt, described("How many checks each process runs at once.")] = 500
    control_name: Annotated[
        Text,
        described(
            "A name that always resolves: when it does not, the resolver is at fault and not the mail server."
            " In a closed network set a name that its own resolver knows."
        ),
    ] = "example.com"
    drain_seconds: Annotated[Seconds, described("How long a stop waits for running checks, in seconds.")] = 8.0
    ehlo_name: Annotated[
        EhloName,
        described(
            "The name that probes introduce themselves with. The default is the host's full name, else its address."
        ),
    ] = ""
    log_format: Annotated[LogFormat, described("console or json; auto is console on a terminal, else json.")] = "auto"
    log_level: Annotated[
        LogLevel, described("The least severe lines that are logged: debug, info, warning or error.")
    ] = "info"
    metrics_host: Annotated[Text, described("The address that /metrics listens on.")] = "127.0.0.1"
    metrics_port: Annotated[
        Port | None, described("The port that /metrics listens on; without it there are no metrics.")
    ] = None
    per_address_concurrency: Annotated[
        PositiveInt,
        described(
            "How many checks the whole agent runs at once at one address; no limit in `MAILPROBE_ALLOW_NETWORKS`."
        ),
    ] = 2
    per_address_starts_per_second: Annotated[
        PerSecond,
        described(
            "How many checks the whole agent begins per second at one address; no limit in `MAILPROBE_ALLOW_NETWORKS`."
        ),
    ] = 1.0
    port25_hosts: Annotated[
        HostNames,
        described(
            "Mail servers that are connected to at start and hourly, to see whether port 25 is open. It counts as"
            " blocked when two do not answer. `none` switches this off."
        ),
    ] = PORT25_HOSTS
    nats_ca: Annotated[AuthorityText | None, described("PEM text of an authority of your own for NATS.")] = None
    processes: Annotated[
        int,
        msgspec.Meta(ge=0, le=1024),
        described(
            "How many processes share the work, the limits per address and the record of refused logins; they are named"
            " NAME-1, NAME-2, …. 0 is one per core."
        ),
    ] = 0
    state_folder: Annotated[
        Path | None,
        described(
            "A private folder that keeps over a restart which logins servers refused, so that no account is locked."
            " The default is the unit's `StateDirectory`, else `mailprobe-agent` in `$XDG_STATE_HOME` or in"
            " `~/.local/state`."
        ),
    ] = None
    starts_per_second: Annotated[
        PerSecond,
        described(
            "How many checks each process begins per second, evenly spaced. Timings stay true up to about 1,000."
        ),
    ] = 200.0

    @property
    def refused_logins_file(self) -> Path | None:
        """Where the refused logins of this location are kept; None if nowhere."""
        return self.state_folder and self.state_folder / f"refused-logins-{self.location}.json"

    @property
    def broker(self) -> Broker:
        """Where this location's requests are, and the credentials to fetch them."""
        authority = self.nats_ca.value if self.nats_ca else None
        return Broker(self.nats_url.value, self.nats_credentials.value, authority, location=self.location)


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that the enrolment file holds too. Where both have a value, the environment wins."""

    enrolment: Annotated[
        Path | None, described("The enrolment file, which holds all that is required. The other variables win over it.")
    ] = None
    location: str | None = None
    country: str | None = None
    nats_url: str | None = None
    sealing_key: Secret | None = None
    nats_credentials: Secret | None = None
    nats_ca: str | None = None
    verify_keys: str | None = None


def read_settings(**given: str | None) -> Settings:
    """Read all settings; `given` comes from the command line and wins. Raises SettingsError with all problems."""
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
        problems.append(f"{variable('verify_keys')}: names no key, so every request would be refused")
    if problems:
        raise SettingsError(problems)
    return msgspec.structs.replace(
        settings,
        country=country,
        location=location.lower(),
        agent_name=(settings.agent_name or _default_agent_name()).lower(),
        ehlo_name=settings.ehlo_name or default_ehlo_name(),
        processes=settings.processes or _cores(),
        state_folder=settings.state_folder or _default_state_folder(),
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


def _default_state_folder() -> Path | None:
    """The folder that systemd made for the unit, else the user's own; None for a user without a home."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        return None
    return Path(state) / "mailprobe-agent"


def _cores() -> int:
    """How many cores this process may use; a container or `taskset` may limit them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_ehlo_name() -> str:
    """The host's full name, or else its address as a literal (RFC 5321 section 4.1.3). Uses no name server."""
    host = socket.gethostname()
    if "." in host.strip(".") and host.isascii():
        return host
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
            outward.connect(("192.0.2.1", 25))  # the kernel chooses a source address; nothing is sent
            return f"[{outward.getsockname()[0]}]"
    except OSError:
        return "[127.0.0.1]"
