"""What a handoff check looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import msgspec

from shared.wire.failures import Phase
from shared.wire.targets.base import BaseDetail, BaseTarget, Login, Server

ENTRY, EXIT = "entry", "exit"


class HandoffDetail(BaseDetail, frozen=True, kw_only=True, tag_field="kind", tag="handoff"):
    """The `line` that was handed in. Without the login of the exit it is not picked up."""

    line: str
    picked_up: bool
    waited_ms: float | None


class HandoffTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="handoff"):
    """A line is handed in at `entry` and picked up at `exit`, within `wait_seconds`."""

    LOGINS: ClassVar[tuple[str, ...]] = (ENTRY, EXIT)
    PHASES: ClassVar[tuple[Phase, ...]] = (
        Phase.RESOLVE,
        Phase.CONNECT,
        Phase.GREETING,
        Phase.AUTH,
        Phase.ENVELOPE,
        Phase.MAILBOX,
    )
    DETAIL: ClassVar[type[BaseDetail] | None] = HandoffDetail

    entry: Server
    exit: Server
    wait_seconds: int = 5

    @property
    def endpoints(self) -> tuple[Server, ...]:
        return (self.entry, self.exit)

    @property
    def logins(self) -> dict[str, Login]:
        both = {ENTRY: self.entry.login, EXIT: self.exit.login}
        return {name: login for name, login in both.items() if login is not None}

    def with_logins(self, logins: Mapping[str, Login]) -> Self:
        return msgspec.structs.replace(
            self,
            entry=msgspec.structs.replace(self.entry, login=logins.get(ENTRY)),
            exit=msgspec.structs.replace(self.exit, login=logins.get(EXIT)),
        )


TARGET = HandoffTarget
