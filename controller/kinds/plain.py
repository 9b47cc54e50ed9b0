"""The config of a kind without keys of its own: its keys are the fields of the target itself."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from controller.errors import InvalidError
from controller.kinds.configured import Configured
from controller.model.values.hostname import host_of
from controller.model.values.json_rules import breach_of
from shared.wire.targets import BaseTarget, kind_of

T = TypeVar("T", bound=BaseTarget)

_NOT_FIELDS = ("kind", "login")


def target_from(monitor: Configured, target: type[T], field: str, **fixed: Any) -> T:
    """The target whose fields are the keys of the config, and those in `fixed`, which take precedence. A target with
    `host` and `port` has them from the monitor; its own default port comes last. Raises InvalidError.
    """
    fields = {name: value for name, value in monitor.config.items() if name not in _NOT_FIELDS} | fixed
    if "host" in target.__struct_fields__:
        fields["host"] = host_of(monitor.hostname)
        if monitor.port is not None:
            fields["port"] = monitor.port
    try:
        return msgspec.convert(fields | {"kind": kind_of(target)}, target, strict=False)
    except msgspec.ValidationError as error:
        breach = breach_of(error, target)
        raise InvalidError(f"{field}.{breach.field}" if breach.field else field, breach.rule) from error
