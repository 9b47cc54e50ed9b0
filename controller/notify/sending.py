"""What every channel is given to send one message by, and the secrets that must not show in what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.notify.message import Message
from controller.notify.notice import Notice
from controller.vault import is_secret

_HIDDEN = "********"
_SHORTEST = 4


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `key` is the same for every attempt of a delivery; `told` are the keys of what this receiver was
    told of the incident before, the first first. `config` is the channel's, its secrets in clear.
    """

    key: UUID
    receiver: str
    config: dict[str, Any]
    notice: Notice
    message: Message
    attempt: int
    at: datetime
    told: tuple[UUID, ...] = ()


def without_secrets(text: str, config: dict[str, Any]) -> str:
    """`text` with whatever the config keeps secret taken out, however a library came to say it."""
    for secret in sorted(_secrets(config), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _secrets(value: Any, *, secret: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets(item, secret=secret or is_secret(name) or name in ("url", "headers"))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, secret=secret)
    elif secret and isinstance(value, str) and len(value) >= _SHORTEST:
        yield value
