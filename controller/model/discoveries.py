"""Discoveries: servers that may be meant by what somebody typed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from shared.wire.targets import TlsMode


class ServerCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A server that may be meant, and why, in words. `trial_id` is the trial that connects to it."""

    kind: str
    host: str
    port: int
    tls: TlsMode
    user: str | None = None
    reasons: list[str] = []
    trial_id: UUID | None = None


class DiscoveryStep(msgspec.Struct, frozen=True, kw_only=True):
    """One source of candidates, and what it said, in words. `found`: it named a server."""

    source: str
    outcome: str
    found: bool = False


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """`token_id` or `account_id` is who began it."""

    id: UUID
    organization_id: int
    token_id: int | None
    account_id: int | None
    address: str
    candidates: list[ServerCandidate]
    steps: list[DiscoveryStep]
    created_at: datetime
    expires_at: datetime
