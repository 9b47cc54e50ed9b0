"""Frozen settings from `MAILPROBE_*` variables; every problem is reported at once, by name, without its value.

A settings class is a msgspec struct whose fields are made with `setting(...)`; field `nats_url` is read from
`MAILPROBE_NATS_URL`. This is the only module that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec

from shared.wire.targets import Secret

PREFIX = "MAILPROBE_"
Settings = TypeVar("Settings", bound=msgspec.Struct)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class SettingsError(Exception):
    """Some settings are missing or malformed; the message has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def load(kind: type[Settings], environ: Mapping[str, str] | None = None, **given: str | None) -> Settings:
    """Read `kind` from the environment; `given` (from the command line) wins over it. Empty text counts as unset.

    Each may stand in a file instead, as secrets of systemd and containers do: `MAILPROBE_X_FILE` names the file that
    holds `MAILPROBE_X`. A list is comma- or space-separated. Raises SettingsError.
    """
    source = os.environ if environ is None else environ
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in msgspec.structs.fields(kind):
        try:
            text = given.get(field.name) or _told(source, variable(field.name))
        except ValueError as error:
            problems.append(str(error))
            continue
        if text is None:
            if field.required:
                problems.append(f"{variable(field.name)} is required")
            continue
        try:
            values[field.name] = _convert(text.strip(), hints[field.name])
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(f"{variable(field.name)}: {error}")
    if not problems:
        try:
            return kind(**values)
        except SettingsError as error:
            problems = error.problems
    raise SettingsError(problems)


def _told(source: Mapping[str, str], name: str) -> str | None:
    """What is said of a setting, in its variable or in the file of `name`_FILE. Raises ValueError."""
    text, path = source.get(name) or None, source.get(f"{name}_FILE")
    if not path:
        return text
    if text is not None:
        raise ValueError(f"{name}: {name}_FILE says it too")
    try:
        return Path(path).read_text().strip() or None
    except OSError as error:
        raise ValueError(f"{name}_FILE: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}_FILE: not text") from error


def _convert(text: str, hint: Any) -> Any:
    members = getattr(hint, "__args__", ())
    if hint is Secret or Secret in members:
        return Secret(text)
    if getattr(hint, "__origin__", None) is tuple:
        return msgspec.convert(text.replace(",", " ").split(), hint, strict=False, dec_hook=_decode)
    return msgspec.convert(text, hint, strict=False, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    """Types msgspec does not know are made from their text (IPv4Network, Path …); they raise ValueError."""
    return kind(value)
