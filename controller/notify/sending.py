"""The input of a channel that sends one message, and the removal of secrets from texts about it."""

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
    """One attempt to send. `key` is the same for every attempt of a delivery. `previous_keys` are the keys of earlier
    deliveries about the same incident to this receiver, oldest first. `config` is the channel's, with secrets in clear.
    `thread` is the public id of the incident to which these deliveries belong, empty where there is none.
    """

    key: UUID
    receiver: str
    config: dict[str, Any]
    notice: Notice
    message: Message
    attempt: int
    at: datetime
    previous_keys: tuple[UUID, ...] = ()
    thread: str = ""


def without_secrets(text: str, config: dict[str, Any]) -> str:
    """`text` with every secret of the config masked, because texts of libraries may quote one."""
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
