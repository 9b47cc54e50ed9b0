"""Trials: checks of settings that no monitor has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shared.wire.messages import CheckResult
from shared.wire.targets import BaseTarget, Login, TlsMode


class Trying(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial checks: a target without logins, and all its logins by name, which are only in memory. `config` is
    the one from which the target was made, with masks for its secrets.
    """

    id: UUID
    kind: str
    target: BaseTarget
    config: dict[str, Any]
    logins: Mapping[str, Login]
    due_at: datetime
    timeout_seconds: int


class TrialCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The check of a trial from one country: the location that runs it, or the reason why none can. `result` is None
    until there is one.
    """

    country_code: str
    location_id: int | None = None
    location_code: str | None = None
    location_name: str | None = None
    reason: str | None = None
    result: CheckResult | None = None


class TriedServer(msgspec.Struct, frozen=True, kw_only=True):
    """The server that a trial connects to. `login`: it logs in."""

    host: str
    port: int
    tls: TlsMode
    login: bool = False


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial as it is stored. No result can come after `answer_by`, and nothing of it is kept after `expires_at`.
    `token_id` or `account_id` is who began it. `server` is None for a kind that has not exactly one.
    """

    id: UUID
    organization_id: int
    token_id: int | None
    account_id: int | None
    kind: str
    timeout_seconds: int
    due_at: datetime
    answer_by: datetime
    expires_at: datetime
    server: TriedServer | None = None
    checks: list[TrialCheck] = []
