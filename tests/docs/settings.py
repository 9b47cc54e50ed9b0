"""docs/settings.md: every setting of controller and agent, from their classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

import agent.settings
from agent.settings import HostNames
from controller.settings import ControllerSettings
from shared.settings import variable

_HEAD = """\
# Settings

<!-- made by `make docs` from controller/settings.py and agent/settings.py -->

All settings are environment variables. They are checked at the start, and all problems are listed at once, without the
values. Each value may come from a file instead, which is how systemd and containers pass secrets: `MAILPROBE_X_FILE`
names the file that holds `MAILPROBE_X`. Lists are separated by commas or spaces.

`make run` sets `MAILPROBE_DATABASE_URL`, `MAILPROBE_NATS_URL`, `MAILPROBE_TRUST_FILE`, `MAILPROBE_VAULT_KEYS` and
`MAILPROBE_RATE_LIMIT` (0) for the servers and keys that it makes, `MAILPROBE_PUBLIC_URL` unless you did, and passes the
others on.

`mailprobe-controller --help` and `mailprobe-agent --help` list the commands. A command needs only the settings that it
uses. Exit status: 0 done, 1 refused or failed, 2 wrong usage or settings (`check` and `doctor` have their own, see the
[README](../README.md#one-check-from-the-shell)).
"""
_FROM_ENROLMENT = frozenset(agent.settings._ENROLLED)


class Row(NamedTuple):
    """A setting as the page shows it."""

    name: str
    default: str
    meaning: str


def page() -> str:
    controller = [_row(ControllerSettings, field) for field in msgspec.structs.fields(ControllerSettings)]
    given, all_of_agent = agent.settings._Given, agent.settings.Settings
    enrolment = next(field for field in msgspec.structs.fields(given) if field.name == "enrolment")
    of_agent = [_row(given, enrolment), *(_row(all_of_agent, field) for field in msgspec.structs.fields(all_of_agent))]
    return "\n".join([_HEAD, *_table("Controller", controller), "", *_table("Agent", of_agent)]) + "\n"


def _table(title: str, rows: list[Row]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield "| Variable | Default | Meaning |"
    yield "| --- | --- | --- |"
    for row in rows:
        yield f"| `{row.name}` | {row.default} | {row.meaning} |"


def _row(kind: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> Row:
    hint = get_type_hints(kind, include_extras=True)[field.name]
    texts = [about.description for about in _annotations(hint) if about.description]
    assert texts, f"{field.name} has no description"
    of_agent = kind is not ControllerSettings
    return Row(variable(field.name), _default(field, enrolled=of_agent and field.name in _FROM_ENROLMENT), texts[-1])


def _annotations(hint: Any) -> list[msgspec.Meta]:
    return [about for about in get_args(hint)[1:] if isinstance(about, msgspec.Meta)] if _annotated(hint) else []


def _annotated(hint: Any) -> bool:
    return get_origin(hint) is Annotated


def _default(field: msgspec.structs.FieldInfo, *, enrolled: bool) -> str:
    if enrolled:
        return "from the enrolment file"
    if field.required:
        return "required"
    match field.default:
        case None | "" | ():
            return "none"
        case bool(value):
            return f"`{str(value).lower()}`"
        case float(value):
            return f"`{value:g}`"
        case Path() | str() | int() as value:
            return f"`{value}`"
        case HostNames(value=names):
            return " ".join(f"`{name}`" for name in names)
    raise TypeError(f"{field.name}: a default of a kind that this page does not know")
