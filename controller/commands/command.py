"""What every command is: a coroutine over what the user typed, with the settings it asks for and no others."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from controller.settings import LogSettings
from shared import log
from shared.settings import load

S = TypeVar("S", bound=LogSettings)

Command: TypeAlias = Callable[[argparse.Namespace], Coroutine[Any, Any, None]]

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name
"""Where a module adds its parsers; each sets `command`."""


class CommandError(Exception):
    """What the user asked cannot be done; the message is one clear line."""


def settings_of(kind: type[S], **given: str | None) -> S:
    """The settings, `given` ones first, with logs set up as they say. Raises SettingsError."""
    settings = load(kind, None, **given)
    log.configure(settings.log_level, settings.log_format)
    return settings
