"""What the pages of messages show, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.decisions.notification.group_messages import PARTIAL_END
from controller.decisions.notification.grouping import GroupingSettings
from controller.pages.settings.messages.forms import AS_ABOVE, OFF, ON
from controller.pages.shell.texts import counted, span

DONE = {"grouping": "The settings of grouping are saved.", "reminders": "The reminders are saved."}
TOGETHER = {ON: "together, in few messages", OFF: "each incident by itself"}
REMINDING = {ON: "yes, until somebody takes it", OFF: "no"}
_FAILING = 40


class FormView(msgspec.Struct, frozen=True, kw_only=True):
    """One form: its values, what is wrong with it, the `options` of its switch, and `hints` that say what an empty
    field means, by the name of the field.
    """

    form: Mapping[str, Any]
    problems: Mapping[str, str]
    options: list[tuple[str, str]]
    hints: Mapping[str, str]


class GroupingView(msgspec.Struct, frozen=True, kw_only=True):
    """`example` is what happens with what holds, step by step. Without a form the reader may not change it."""

    done: str = ""
    grouping: FormView | None
    example: list[str]


class MessagesView(msgspec.Struct, frozen=True, kw_only=True):
    """How a customer's incidents are told. `reminded` says in words what holds of reminders."""

    done: str
    path: str
    customer: str
    customer_path: str
    grouping: FormView
    example: list[str]
    reminders: FormView
    reminded: str


def switch(words: Mapping[str, str], above: str | None) -> list[tuple[str, str]]:
    """The options of a form's switch; `above` is what the organization says, None in the organization's own form."""
    options = list(words.items())
    return options if above is None else [(AS_ABOVE, f"as the organization says: {words[above]}"), *options]


def grouping_hints(above: GroupingSettings, *, whose: str) -> dict[str, str]:
    """`above` is what holds where nothing is set, and `whose` says whose that is."""
    return {
        "group_seconds": f"10 to 3600; empty: {above.group_seconds}, {whose}",
        "group_update_seconds": f"30 to 86400; empty: {above.group_update_seconds}, {whose}",
        "storm_limit": f"1 to 1000; empty: {above.storm_limit}, {whose}",
    }


def example_of(settings: GroupingSettings) -> list[str]:
    """What somebody hears when a server with many monitors fails, step by step."""
    if not settings.enabled:
        return [
            f"A server with {_FAILING} monitors fails: you get {_FAILING} messages, one for each.",
            f"It comes back: you get {_FAILING} more.",
        ]
    soon, later, partly = span(settings.group_seconds), span(settings.group_update_seconds), span(PARTIAL_END)
    limit = counted(settings.storm_limit, "different cause")
    return [
        f"A server with {_FAILING} monitors fails. You hear of the first monitor at once.",
        f"{soon} later a second message lists all others that failed until then.",
        f"Monitors of it that fail even later are in further messages, at most one in {later}.",
        "When all are up again, one message says so.",
        f"If some come back and others stay down, you hear of it after {partly}, and not within {later} of a message.",
        f"More than {limit} within a minute are a storm: one message counts the incidents by cause.",
    ]
