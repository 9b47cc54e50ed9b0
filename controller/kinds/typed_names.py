"""Errors about what is stored of a target, in the names of our own API."""

from __future__ import annotations

from controller.errors import InvalidError
from controller.kinds import config_field, kind_named
from controller.kinds.typed import TARGET


def in_typed_names(error: InvalidError, kind: str) -> InvalidError:
    """`target.tls` for `smtpConfig.secure` of a monitor of that kind, and `target.host` for `hostname`; any other field
    is as it was. Raises InvalidError when there is no such kind.
    """
    names, config = kind_named(kind).typed.FIELDS, config_field(kind)
    field = error.field
    if field == config:
        return InvalidError(TARGET, error.rule)
    if field in ("hostname", "port"):
        return InvalidError(f"{TARGET}.{names.get(field, field)}", error.rule)
    if not field.startswith(f"{config}."):
        return error
    path = field.removeprefix(f"{config}.")
    return InvalidError(f"{TARGET}.{names.get(path, path)}", error.rule)
