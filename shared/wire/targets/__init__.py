"""What to check: one module per kind of target, one struct each, whose tag `kind` identifies it on the wire and in
storage. A module that states a `TARGET` adds a kind.

The controller refuses an invalid target when it is saved, so the structs are here and not beside their probes.
"""

from __future__ import annotations

import pkgutil
import re
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING

from shared.wire.targets.base import ONLY_LOGIN, BaseDetail, BaseTarget, IpFamily, Login, Option, Server, TlsMode

__all__ = [
    "KINDS",
    "KINDS_TEXT",
    "ONLY_LOGIN",
    "TARGETS",
    "BaseDetail",
    "BaseTarget",
    "IpFamily",
    "Login",
    "Option",
    "Server",
    "Target",
    "TlsMode",
    "is_kind",
    "kind_of",
]


def kind_of(target: type[BaseTarget] | BaseTarget) -> str:
    """The tag of a target, as used in subjects, heartbeats and the column `monitor.kind`."""
    return str(target.__struct_config__.tag)


def is_kind(name: str) -> bool:
    """Whether a kind may have this name. It has no hyphen, because the kind `b-c` of the location `a` would have the
    same consumer as the kind `c` of the location `a-b`.
    """
    return re.fullmatch(r"[a-z0-9]+", name) is not None


def _targets() -> tuple[type[BaseTarget], ...]:
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    found = [module.TARGET for module in modules if hasattr(module, "TARGET")]
    if wrong := [kind_of(target) for target in found if not is_kind(kind_of(target))]:
        raise ValueError(f"the name of a kind must consist of lower-case letters and digits: {', '.join(wrong)}")
    return tuple(sorted(found, key=lambda target: (target.ORDER, kind_of(target))))


TARGETS: tuple[type[BaseTarget], ...] = _targets()
KINDS: tuple[str, ...] = tuple(kind_of(target) for target in TARGETS)
KINDS_TEXT = " or ".join(filter(None, (", ".join(KINDS[:-1]), KINDS[-1])))
"""All kinds for descriptions, as in `a, b or c`."""

if TYPE_CHECKING:
    Target = BaseTarget
else:
    Target = reduce(or_, TARGETS)
    """The union of all kinds of target, for reading them."""
