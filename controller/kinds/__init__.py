"""The kinds of monitor, and the way from a monitor's config to the target that an agent checks. Pure; only these
modules read the keys inside a config. A module that states `KINDS` adds kinds.

Values are coerced for the check and never rewritten in storage (docs/compatibility.md, U8, U11 and U12).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Collection, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import msgspec

from controller.decisions.discovery.services import MailService
from controller.decisions.monitors.monitors import DEFAULT_INTERVAL_SECONDS
from controller.errors import InvalidError
from controller.kinds.configured import Configured, ConfiguredLogin
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.words import USUAL_WORDS, KindWords
from shared.wire.failures import Phase
from shared.wire.targets import KINDS, BaseTarget, Server

__all__ = [
    "BY_NAME",
    "Configured",
    "ConfiguredLogin",
    "MonitorKind",
    "MonitorType",
    "check_type",
    "check_types",
    "config_field",
    "configured_login",
    "configured_logins",
    "declares_detail",
    "default_interval",
    "has_form",
    "is_one_server",
    "kind_for",
    "kind_named",
    "kinds_of_type",
    "label_of",
    "mail_services",
    "own_facts",
    "phases_of",
    "short_label_of",
    "subject_of",
    "target_of",
    "types",
    "words_of",
]


def _kinds() -> Mapping[str, MonitorKind]:
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    stated = {kind.name: kind for module in modules for kind in getattr(module, "KINDS", ())}
    return MappingProxyType({name: stated[name] for name in KINDS if name in stated})


def kind_named(name: str) -> MonitorKind:
    """Raises InvalidError."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise InvalidError("kind", f"{name!r} is not known") from None


def types() -> list[MonitorType]:
    """The types of monitor, in the order of their first kinds."""
    return list(dict.fromkeys(kind.type for kind in BY_NAME.values()))


def check_types() -> tuple[str, ...]:
    """The types of monitor as notification rules and Uptimeify's API write them: `smtp`, `imap_pop`."""
    return tuple(one.name.replace("-", "_") for one in types())


def check_type(kind: str) -> str:
    """The type that notification rules name for monitors of this kind; its own name when this version does not know
    it.
    """
    known = BY_NAME.get(kind)
    return known.type.name.replace("-", "_") if known else kind


def kinds_of_type(monitor_type: MonitorType) -> tuple[str, ...]:
    return tuple(name for name, kind in BY_NAME.items() if kind.type is monitor_type)


def mail_services() -> tuple[MailService, ...]:
    """The services by which servers of all kinds are found."""
    return tuple(service for kind in BY_NAME.values() for service in kind.services)


def default_interval(kinds: Collection[str]) -> int:
    """The seconds between checks of a new monitor that may be of any of these kinds."""
    return max(DEFAULT_INTERVAL_SECONDS, *(kind_named(kind).shortest_interval_seconds for kind in kinds))


def config_field(kind: str) -> str:
    """The name of this kind's config in the API."""
    known = BY_NAME.get(kind)
    return known.type.config_field if known else "config"


def is_one_server(kind: str) -> bool:
    """Whether checks of this kind connect to one server, at the monitor's host name and port. A kind that this version
    does not know is taken for such a one.
    """
    known = BY_NAME.get(kind)
    return known is None or issubclass(known.target, Server)


def declares_detail(kind: str) -> bool:
    """Whether results of this kind may have a detail."""
    known = BY_NAME.get(kind)
    return known is not None and known.target.DETAIL is not None


def has_form(kind: str) -> bool:
    """Whether the dashboard has a form for monitors of this kind."""
    known = BY_NAME.get(kind)
    return known is not None and known.form is not None


def label_of(kind: str) -> str:
    """The kind's name for people; its own name when this version does not know it."""
    known = BY_NAME.get(kind)
    return known.label if known else kind


def short_label_of(kind: str) -> str:
    """The kind's name before a server's in messages."""
    known = BY_NAME.get(kind)
    return known.short_label or known.label if known else kind


def words_of(kind: str) -> KindWords:
    """What texts about monitors of this kind say."""
    known = BY_NAME.get(kind)
    return known.words if known else USUAL_WORDS


def own_facts() -> frozenset[str]:
    """The facts that only some kinds have, and by which their servers are compared."""
    return frozenset(name for kind in BY_NAME.values() for name in kind.words.facts)


def phases_of(kind: str) -> tuple[Phase, ...]:
    """The phases of a check of this kind in their usual order."""
    known = BY_NAME.get(kind)
    return known.target.PHASES if known else ()


def subject_of(kind: str) -> str:
    """What a check of this kind looks at, where it is named for the first time: `mail server`."""
    known = BY_NAME.get(kind)
    return known.target.SUBJECT if known else BaseTarget.SUBJECT


def target_of(monitor: Configured) -> BaseTarget:
    """The target without its logins. Raises InvalidError naming the field and the rule."""
    target = kind_named(monitor.kind).read(monitor, config_field(monitor.kind))
    if monitor.address is None or "address" not in target.__struct_fields__:
        return target
    return msgspec.structs.replace(target, address=monitor.address)


def configured_logins(monitor: Configured) -> Mapping[str, ConfiguredLogin]:
    """The logins of a monitor by name. Raises InvalidError."""
    return kind_named(monitor.kind).logins(monitor.config, config_field(monitor.kind))


def configured_login(monitor: Configured) -> ConfiguredLogin | None:
    """The first login of a monitor, or None. Raises InvalidError."""
    return next(iter(configured_logins(monitor).values()), None)


def kind_for(kinds: Collection[str], config: dict[str, Any]) -> str:
    """Which of these kinds, which are of one type, a monitor with this config has. Raises InvalidError."""
    first = next(iter(kinds))
    of_type = kind_named(first).type
    if of_type.kind_in is None:
        return first
    return of_type.kind_in(config, of_type.config_field, kinds)


# At the end, because modules of this package import the functions above.
BY_NAME: Mapping[str, MonitorKind] = _kinds()
"""All kinds of monitor in the order of lists."""
