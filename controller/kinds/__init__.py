"""From a monitor's config to the target that an agent checks. Pure; only these modules read the keys inside a config.

Values are coerced for the check and never rewritten in storage (docs/compatibility.md, U8, U11 and U12).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds import imap_pop, smtp, tagged
from controller.kinds.configured import Configured, ConfiguredLogin
from shared.wire.targets import TARGETS, ImapTarget, Pop3Target, SmtpTarget, Target, kind_of

__all__ = [
    "IMAP_POP",
    "SMTP",
    "Configured",
    "ConfiguredLogin",
    "config_field",
    "configured_login",
    "kind_for",
    "target_of",
]

SMTP = (kind_of(SmtpTarget),)
IMAP_POP = (kind_of(ImapTarget), kind_of(Pop3Target))
"""The kinds of the two types of monitor: kinds of one type share a config, and may be changed into each other."""

_BY_KIND = {kind_of(target): target for target in TARGETS}
_FIELDS = dict.fromkeys(SMTP, "smtpConfig") | dict.fromkeys(IMAP_POP, "imapPopConfig")


def config_field(kind: str) -> str:
    """The name of this kind's config in the API."""
    return _FIELDS.get(kind, "config")


def target_of(monitor: Configured) -> Target:
    """The target without its login. Raises InvalidError naming the field and the rule."""
    target = _target(monitor)
    return target if monitor.address is None else msgspec.structs.replace(target, address=monitor.address)


def _target(monitor: Configured) -> Target:
    kind, field = monitor.kind, config_field(monitor.kind)
    if kind in SMTP:
        return smtp.target_of(monitor, field)
    if kind in IMAP_POP:
        return imap_pop.target_of(monitor, field)
    if kind in _BY_KIND:
        return tagged.target_of(monitor, _BY_KIND[kind], field)
    raise InvalidError("kind", f"{kind!r} is not known")


def configured_login(monitor: Configured) -> ConfiguredLogin | None:
    """The login of a monitor, or None. Raises InvalidError."""
    kind, field = monitor.kind, config_field(monitor.kind)
    if kind in SMTP:
        return smtp.login_of(monitor.config, field)
    if kind in IMAP_POP:
        return imap_pop.login_of(monitor.config, field)
    return tagged.login_of(monitor.config, field)


def kind_for(kinds: Collection[str], config: dict[str, Any]) -> str:
    """Which kind of its type a monitor with this config has. Raises InvalidError."""
    first = next(iter(kinds))
    if first not in IMAP_POP:
        return first
    field = config_field(first)
    kind = imap_pop.protocol_of(config, field).value
    if kind not in kinds:
        raise InvalidError(f"{field}.protocol", f"must be {' or '.join(kinds)}")
    return kind
