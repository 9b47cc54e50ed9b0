"""What the routes of one kind of settings need to know of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from controller.operations.incidents.layered_settings import LayeredSettings


class SettingsKind(NamedTuple):
    """`path` is the last part of the routes, `name` that of their operations. `subject` ends the sentences "Read …" and
    "Set …". `body` and `item` have the fields of the settings' own struct; `item` has `in_force` too, as `shown` makes
    it of what holds. `refused` is an example of a rule that a body breaks.
    """

    path: str
    name: str
    tag: str
    subject: str
    about: str
    refused: str
    settings: LayeredSettings[Any, Any]
    body: type[msgspec.Struct]
    item: type[msgspec.Struct]
    shown: Callable[[Any], msgspec.Struct]
    example: dict[str, Any]
