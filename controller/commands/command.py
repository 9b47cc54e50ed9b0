"""The common parts of commands: a command is a coroutine that gets the parsed options and loads its own settings."""

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
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - there is no public name
"""The object to which a module adds its parsers; each parser sets `command`."""


class CommandError(Exception):
    """The command cannot be done; the message is one line for the user."""


def settings_of(kind: type[S], **given: str | None) -> S:
    """Load the settings, where those in `given` win, and configure logging by them. Raises SettingsError."""
    settings = load(kind, None, **given)
    log.configure(settings.log_level, settings.log_format)
    return settings
