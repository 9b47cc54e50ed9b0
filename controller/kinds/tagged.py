"""The config of a kind that no group of routes has words for: its keys are the fields of the target itself."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds.configured import Configured, ConfiguredLogin
from controller.kinds.configured import login_of as login_in
from controller.model.values.hostname import host_of
from shared.wire.targets import Target


def target_of(monitor: Configured, target: type[Target], field: str) -> Target:
    """`hostname` and `port` of the monitor win over the config; the target's own default port is the last resort.

    Raises InvalidError.
    """
    login_of(monitor.config, field)
    wanted = {name: value for name, value in monitor.config.items() if name not in ("kind", "login")}
    wanted["host"] = host_of(monitor.hostname)
    if monitor.port is not None:
        wanted["port"] = monitor.port
    try:
        return msgspec.convert(wanted | {"kind": monitor.kind}, target, strict=False)
    except msgspec.ValidationError as error:
        rule, _, path = str(error).partition(" - at `$")
        raise InvalidError(field + path.rstrip("`"), f"is refused: {rule}") from error


def login_of(config: dict[str, Any], field: str) -> ConfiguredLogin | None:
    """Raises InvalidError."""
    return login_in(config, "password", field)
