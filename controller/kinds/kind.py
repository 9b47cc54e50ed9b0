"""What the controller knows about a kind of monitor. The module of a kind states it as `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from controller.decisions.discovery.services import MailService
from controller.decisions.evaluation.late import LONGEST_DEADLINE_SECONDS
from controller.errors import InvalidError
from controller.kinds.configured import Configured, ConfiguredLogin
from controller.kinds.forms import KindForm
from controller.kinds.typed import TypedTarget
from controller.kinds.words import USUAL_WORDS, KindWords
from controller.model import Location
from shared.wire.targets import BaseTarget, kind_of

Config: TypeAlias = dict[str, Any]

LONGEST_DIALOGUE_SECONDS = 300


@dataclass(frozen=True)
class MonitorType:
    """Kinds that share a config and a group of routes, and may be changed into each other by their config.

    `name` is the type's short name in paths (`imap-pop`), `label` the one for people (`IMAP/POP`), `config_field` the
    name of its config in the API. `kind_in` reads from a config which of the given kinds it is, and raises
    InvalidError; None: the type has one kind. Without `needs_hostname` a monitor has no host name, because the config
    says what is checked. `example` is a config for documents.
    """

    name: str
    label: str
    config_field: str = "config"
    kind_in: Callable[[Config, str, Collection[str]], str] | None = None
    needs_hostname: bool = True
    example: Config = field(default_factory=dict, compare=False)


def no_settings(_target: BaseTarget) -> Sequence[tuple[str, str]]:
    return ()


def no_logins(_config: Config, _field: str) -> Mapping[str, ConfiguredLogin]:
    return {}


def used_everywhere(_login: str, _config: Config, _location: Location) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class MonitorKind:
    """One kind of monitor: what it checks (`target`), and its name for people (`label`; `short_label` before a server's
    name in messages, None: the same). `words` are what texts about its monitors say.

    `typed` is its target in our own API.

    `form` makes it one of the kinds that the dashboard's form of a monitor offers. `settings` are a target's settings
    of this kind alone, which the monitor's page lists after those of its servers: names and values, nothing secret.

    `services` are those by which its servers are found, from an address or a URL, and `greeting` is how the first line
    of each of them begins, in capitals; empty: that says nothing.

    `read` makes the target from a monitor, `field` being the config's name in the API; it coerces values, and raises
    InvalidError naming the field and the rule. `logins` gives the configured logins by the names in `target.LOGINS`,
    and raises InvalidError; `uses_login` says whether checks from a location need one: it is sealed to no other.
    `secrets` are keys of the config whose values are encrypted and masked, beside those that are named like a secret
    (controller.vault.is_secret).

    `longest_timeout_seconds` holds where a group of routes states no other. Until `evaluation_deadline_seconds` after
    its due moment a result is evidence; None: as long as a check that began in time may take.
    """

    target: type[BaseTarget]
    typed: type[TypedTarget]
    type: MonitorType
    label: str
    short_label: str | None = None
    words: KindWords = USUAL_WORDS
    form: KindForm | None = None
    services: tuple[MailService, ...] = ()
    greeting: str = ""
    settings: Callable[[Any], Sequence[tuple[str, str]]] = no_settings
    read: Callable[[Configured, str], BaseTarget]
    logins: Callable[[Config, str], Mapping[str, ConfiguredLogin]] = no_logins
    uses_login: Callable[[str, Config, Location], bool] = used_everywhere
    secrets: frozenset[str] = frozenset()
    shortest_interval_seconds: int = 10
    longest_timeout_seconds: int = 60
    evaluation_deadline_seconds: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.longest_timeout_seconds <= LONGEST_DIALOGUE_SECONDS:
            raise ValueError(f"{self.name}: a dialogue must end within {LONGEST_DIALOGUE_SECONDS} s")
        if not 1 <= (self.evaluation_deadline_seconds or 1) <= LONGEST_DEADLINE_SECONDS:
            raise ValueError(f"{self.name}: the evaluation deadline must be within {LONGEST_DEADLINE_SECONDS} s")

    @property
    def name(self) -> str:
        """As in subjects, heartbeats and the column `monitor.kind`."""
        return kind_of(self.target)

    def check_interval(self, seconds: int) -> None:
        """Raises InvalidError when this kind is not checked so often."""
        if seconds < self.shortest_interval_seconds:
            rule = f"must be at least {self.shortest_interval_seconds} for a monitor of {self.label}"
            raise InvalidError("checkIntervalSeconds", rule)
