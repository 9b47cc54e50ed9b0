"""What a probe returns when a check passes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec

from agent.dialogue.connection import Connect
from agent.dialogue.phases import Phases
from shared.wire.failures import CheckWarning
from shared.wire.messages import Fact
from shared.wire.targets import BaseDetail


class Findings(msgspec.Struct, kw_only=True):
    """Facts and warnings of one dialogue, and its detail in a kind that declares one."""

    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    warnings: list[CheckWarning] = msgspec.field(default_factory=list)
    detail: BaseDetail | None = None


Probe: TypeAlias = Callable[[Any, Connect, Phases], Awaitable[Findings]]
"""`probe(target, connect, phases) -> findings`: one protocol's dialogue. It raises the errors in dialogue.classify."""
