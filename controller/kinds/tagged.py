"""The config of a kind without keys of its own in any group of routes: its keys are the fields of the target itself."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds.configured import Configured, ConfiguredLogin
from controller.kinds.configured import login_of as login_in
from controller.model.values.hostname import host_of
from controller.model.values.json_rules import breach_of
from shared.wire.targets import Target


def target_of(monitor: Configured, target: type[Target], field: str) -> Target:
    """`hostname` and `port` of the monitor take precedence over the config; the target's own default port comes last.

    Raises InvalidError.
    """
    login_of(monitor.config, field)
    fields = {name: value for name, value in monitor.config.items() if name not in ("kind", "login")}
    fields["host"] = host_of(monitor.hostname)
    if monitor.port is not None:
        fields["port"] = monitor.port
    try:
        return msgspec.convert(fields | {"kind": monitor.kind}, target, strict=False)
    except msgspec.ValidationError as error:
        breach = breach_of(error, target)
        raise InvalidError(f"{field}.{breach.field}" if breach.field else field, breach.rule) from error


def login_of(config: dict[str, Any], field: str) -> ConfiguredLogin | None:
    """Raises InvalidError."""
    return login_in(config, "password", field)
