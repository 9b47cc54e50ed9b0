"""Queries the broker about its streams and consumers, in JSON (NATS ADR-1). Refusals have the broker's own words."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from nats.aio.client import Client

from shared.nats.errors import BROKER_ERRORS, BusError, describe

_SECONDS = 2.0
T = TypeVar("T")


class _Error(msgspec.Struct):
    description: str = "refused without a reason"


class _Refusal(msgspec.Struct):
    error: _Error | None = None


async def request(client: Client, what: str, kind: type[T], body: bytes = b"") -> T:
    """The answer to `what` (STREAM.INFO.EVENTS), read as `kind`. Raises BusError, also without the permission."""
    try:
        answer = await client.request(f"$JS.API.{what}", body, timeout=_SECONDS)
        refusal = msgspec.json.decode(answer.data, type=_Refusal).error
        if refusal is None:
            return msgspec.json.decode(answer.data, type=kind)
    except (*BROKER_ERRORS, msgspec.MsgspecError) as error:
        raise BusError(describe(error)) from error
    raise BusError(f"{refusal.description} ({what})")
