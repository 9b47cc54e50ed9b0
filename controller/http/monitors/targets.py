"""The target of a monitor in bodies and answers: one type for each kind, told apart by `kind`."""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from controller.errors import InvalidError
from controller.http.monitors.names import in_our_names
from controller.kinds import BY_NAME, config_field, kind_named, target_of
from controller.kinds.configured import Configured
from controller.kinds.typed import TARGET, TypedTarget, Written
from shared.wire.targets import KINDS

if TYPE_CHECKING:
    AnyTarget = TypedTarget
    KindName = str
else:
    AnyTarget = reduce(or_, (kind.typed for kind in BY_NAME.values()))
    """The target of any kind, for reading and writing it."""
    KindName = Literal[KINDS]
    """The name of a kind."""

_FIRST = next(iter(BY_NAME.values())).typed
TARGET_EXAMPLE: dict[str, Any] = {"kind": next(iter(BY_NAME)), **_FIRST.EXAMPLE}
"""A whole target as it may be sent, for documents."""
TARGET_SHOWN: dict[str, Any] = msgspec.to_builtins(_FIRST.of(msgspec.convert(TARGET_EXAMPLE, _FIRST).written(), TARGET))
"""The same as it is answered."""


def target_answer(monitor: Configured) -> AnyTarget | None:
    """The target without its secrets; None when what is stored is no target that this version understands."""
    config = msgspec.json.encode(monitor.config)
    return _answer(monitor.kind, monitor.hostname, monitor.port, config, monitor.address)


# To read a target takes longer than all the rest of an answer, and lists show the same ones over and over.
@lru_cache(maxsize=10_000)
def _answer(kind: str, hostname: str, port: int | None, config: bytes, address: str | None) -> AnyTarget | None:
    stored = Written(kind, hostname, port, msgspec.json.decode(config), address)
    try:
        return kind_named(kind).typed.of(stored, config_field(kind))
    except InvalidError:
        return None


def check_target(target: Any, *, field: str = TARGET) -> None:  # noqa: ARG001 - a rule (controller.model.values.ruled)
    """What is wrong with a target itself, without the logins, whose secrets may be stored. A patch of one is not looked
    at. Raises InvalidFieldsError.
    """
    if isinstance(target, TypedTarget):
        written = target.written()
        with in_our_names(written.kind):
            target_of(written)


def with_kind_in_target(document: Any) -> Any:
    """A body with `kind` in its target, where it may stand beside it. To be stated as a body's `PREPARED`. Raises
    InvalidError when both are there, and differ.
    """
    target = document.get(TARGET) if isinstance(document, dict) else None
    if not isinstance(target, dict) or not isinstance(document.get("kind"), str):
        return document
    kind = document["kind"]
    if target.setdefault("kind", kind) != kind:
        raise InvalidError("kind", f"must be that of {TARGET}, or left out")
    return document
