"""The probes of an agent by the type of their target. A folder named like a kind adds the probe of that kind: its
`dialogue.py` has a function `probe`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from agent.dialogue.findings import Probe
from shared.wire.targets import TARGETS, BaseTarget, kind_of

_FOLDERS = {module.name for module in pkgutil.iter_modules(__path__) if module.ispkg}

PROBES: dict[type[BaseTarget], Probe] = {
    target: import_module(f"{__name__}.{kind_of(target)}.dialogue").probe
    for target in TARGETS
    if kind_of(target) in _FOLDERS
}
