"""The common parts of commands: a command is a coroutine that gets the parsed options and loads its own settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar

from controller.settings import LogSettings
from shared import log
from shared.settings import load

S = TypeVar("S", bound=LogSettings)

Command: TypeAlias = Callable[[argparse.Namespace], Coroutine[Any, Any, None]]


class Commands(Protocol):
    """What a module adds its parsers to; each parser sets `command`."""

    def add_parser(self, name: str, **options: Any) -> argparse.ArgumentParser: ...


class CommandError(Exception):
    """The command cannot be done; the message is one line for the user."""


def settings_of(kind: type[S], **given: str | None) -> S:
    """Load the settings, where those in `given` win, and configure logging by them. Raises SettingsError."""
    settings = load(kind, None, **given)
    log.configure(settings.log_level, settings.log_format)
    return settings
