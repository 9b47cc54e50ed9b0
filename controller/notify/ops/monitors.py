"""Messages about monitors that no location may check."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from controller.notify.ops.message import OpsMessage, first_lines
from controller.store.notifications.ops_notices import OpenProblem


def without_location(new: Collection[str], reasons: Mapping[str, str], titles: Mapping[str, str]) -> OpsMessage:
    """`reasons` and `titles` are by monitor."""
    lines = sorted(f"{titles[monitor]}: {reasons[monitor]}." for monitor in new)
    return OpsMessage(
        title=f"{_monitors(len(new))} without a location",
        paragraphs=[
            *first_lines(lines),
            "Nothing checks them, and their verdict is unknown. Customers were not notified.",
            "Add or enable a location, or change the monitors' countries: see `mailprobe-controller locations`.",
        ],
    )


def located_again(over: Sequence[OpenProblem], titles: Mapping[str, str]) -> OpsMessage:
    lines = sorted(titles.get(trouble.subject, trouble.subject) for trouble in over)
    return OpsMessage(
        title=f"{_monitors(len(over))} no longer without a location",
        paragraphs=[
            *first_lines(f"{line}." for line in lines),
            "They have a location again, or are not to be checked any more.",
        ],
    )


def _monitors(count: int) -> str:
    return f"{count} {'monitor' if count == 1 else 'monitors'}"
