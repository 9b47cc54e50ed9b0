"""The help for each kind of failure. Meaning and remedy are those of shared.wire.explanations; the rest is in a file of
`failures/` with the kind's name.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from shared.wire.explanations import FAILURES
from shared.wire.failures import FailureKind

SERVERS = {
    "postfix": "Postfix",
    "dovecot": "Dovecot",
    "exchange": "Exchange",
    "microsoft_365": "Microsoft 365",
    "google": "Google",
}
"""The servers that the help speaks of, by their names in the files."""

_ABBREVIATIONS = {"dns", "starttls", "tls"}


class ByHand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command for a shell that shows the failure without Mailprobe; `about` says what to see in its output."""

    about: str
    command: str


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by_hand: list[ByHand]
    servers: dict[str, str] = {}


class FailureHelp(msgspec.Struct, frozen=True, kw_only=True):
    """`servers` say what to do on each server, by its name, in the order of SERVERS; empty where the failure is not the
    server's. Words in backquotes are commands, settings or replies.
    """

    kind: FailureKind
    title: str
    meaning: str
    remedy: str
    by_hand: list[ByHand]
    servers: dict[str, str]


def help_path(kind: FailureKind) -> str:
    """The page of this kind, below the public URL."""
    return f"/help/{kind.value.replace('_', '-')}"


def _title(kind: FailureKind) -> str:
    """The name of the kind as a heading, with abbreviations in capitals."""
    first, *rest = kind.value.split("_")
    return " ".join([first.upper() if first in _ABBREVIATIONS else first.capitalize(), *rest])


@cache
def help_for(kind: FailureKind) -> FailureHelp:
    """The help for one kind, read once."""
    text = (files("controller.help") / "failures" / f"{kind.value}.toml").read_text(encoding="utf-8")
    written = msgspec.convert(tomllib.loads(text), _Written)
    return FailureHelp(
        kind=kind,
        title=_title(kind),
        meaning=FAILURES[kind].meaning,
        remedy=FAILURES[kind].remedy,
        by_hand=written.by_hand,
        servers={
            name: " ".join(written.servers[key].split()) for key, name in SERVERS.items() if key in written.servers
        },
    )


def every_help() -> list[FailureHelp]:
    """The help for all kinds, in the order of a dialogue."""
    return [help_for(kind) for kind in FailureKind]
