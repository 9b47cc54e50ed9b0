"""Frozen settings from `MAILPROBE_*` variables. All problems are reported at once, by name, without their values.

A settings class is a msgspec struct; its field `nats_url` is read from `MAILPROBE_NATS_URL`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from shared.secret import Secret

PREFIX = "MAILPROBE_"
Settings = TypeVar("Settings", bound=msgspec.Struct)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


def described(text: str) -> msgspec.Meta:
    """What docs/settings.md says of a setting."""
    return msgspec.Meta(description=text)


class NetworkSetting:
    """A network in CIDR notation, as a setting. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        self.value = ip_network(text, strict=False)


_EXPECTED = re.compile(r"Expected `(int|float|str)`(?: (<=|>=|<|>) ([0-9.]+)| matching regex '(.*?)')?")
_PLACE = re.compile(r" - at `\$.*`$")
_KINDS = {"int": "a whole number", "float": "a number", "str": "text"}
_COMPARISONS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}


class SettingsError(Exception):
    """Some settings are missing or malformed; the message has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def load(kind: type[Settings], environ: Mapping[str, str] | None = None, **given: str | None) -> Settings:
    """Read `kind` from the environment; `given` (from the command line) wins over it. Empty text counts as unset.

    A value may come from a file, as with secrets of systemd and containers: `MAILPROBE_X_FILE` names the file that
    holds `MAILPROBE_X`. A list is separated by commas or spaces. Raises SettingsError.
    """
    source = os.environ if environ is None else environ
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in msgspec.structs.fields(kind):
        try:
            text = given.get(field.name) or _text_of(source, variable(field.name))
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
            problems.append(f"{variable(field.name)}: {_in_plain_words(str(error))}")
    if not problems:
        try:
            return kind(**values)
        except SettingsError as error:
            problems = error.problems
    raise SettingsError(problems)


def _text_of(source: Mapping[str, str], name: str) -> str | None:
    """The text of a setting, from its variable or from the file that `name`_FILE names. Raises ValueError."""
    text, path = source.get(name) or None, source.get(f"{name}_FILE")
    if not path:
        return text
    if text is not None:
        raise ValueError(f"{name}: {name}_FILE is set too")
    try:
        return Path(path).read_text().strip() or None
    except OSError as error:
        raise ValueError(f"{name}_FILE: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}_FILE: not text") from error


def _convert(text: str, hint: Any) -> Any:
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if kind is Secret or Secret in get_args(kind):
        return Secret(text)
    if get_origin(kind) is tuple:
        return msgspec.convert(text.replace(",", " ").split(), hint, strict=False, dec_hook=_decode)
    return msgspec.convert(text, hint, strict=False, dec_hook=_decode)


def _in_plain_words(text: str) -> str:
    """msgspec's text about a wrong value without the names of Python's types, and without its place in a list."""
    text = _PLACE.sub("", text)
    found = _EXPECTED.match(text)
    if found is None:
        return text
    kind, comparison, limit, pattern = found.groups()
    problem = f"must be {_KINDS[kind]}"
    if comparison:
        return f"{problem}, {_COMPARISONS[comparison]} {limit.removesuffix('.0')}"
    return f"{problem} that matches {pattern}" if pattern else problem


def _decode(kind: type, value: Any) -> Any:
    """Make types that msgspec does not know from their text (IPv4Network, Path …). Raises ValueError."""
    return kind(value)
