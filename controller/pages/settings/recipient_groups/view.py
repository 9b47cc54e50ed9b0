"""What the pages of recipient groups show. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.model import Monitor
from controller.model.notification.recipients import RecipientGroup
from controller.operations.channels.channels import ChannelView

PATH = "/settings/recipient-groups"
DONE = {
    "created": "The group is created.",
    "changed": "The group is changed.",
    "deleted": "The group is deleted.",
}
_MOST_NAMED = 5


class RecipientGroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """A group in words: some of its recipients and monitors by name, and how many more there are."""

    name: str
    path: str
    is_default: bool
    recipients: list[str]
    more_recipients: int
    monitors: list[str]
    more_monitors: int


class GroupsView(msgspec.Struct, frozen=True, kw_only=True):
    """`default` is the name of the default group, empty where there is none."""

    rows: list[RecipientGroupRow]
    default: str
    done: str = ""


class GroupFormView(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a group; `delete` is the address of its end, empty for a new one. The options are value, name and
    hint; monitors beyond `most_monitors` are shown only where they are in the group.
    """

    path: str
    delete: str
    form: dict[str, object]
    problems: dict[str, str]
    recipients: list[tuple[str, str, str]]
    monitors: list[tuple[str, str, str]]
    more_monitors: int
    longest: int
    done: str = ""


class GroupEndView(msgspec.Struct, frozen=True, kw_only=True):
    """What the end of a group does, and of how many monitors others hear then."""

    path: str
    name: str
    is_default: bool
    monitors: int
    done: str = ""


def groups_view(groups: Sequence[RecipientGroup], done: str) -> GroupsView:
    return GroupsView(
        rows=[_row(one) for one in groups],
        default=next((one.name for one in groups if one.is_default), ""),
        done=DONE.get(done, ""),
    )


def path_of(group: RecipientGroup) -> str:
    return f"{PATH}/{group.public_id}"


def recipient_options(channels: Sequence[ChannelView]) -> list[tuple[str, str, str]]:
    """A monitor's own channels hear of it in any case, and those for ops hear of no monitor."""
    return [
        (str(one.channel.id), one.channel.name, one.channel.type)
        for one in channels
        if one.channel.monitor_id is None and not one.channel.for_ops
    ]


def monitor_options(monitors: Sequence[Monitor], group: RecipientGroup | None) -> list[tuple[str, str, str]]:
    shown = {one.id for one in monitors}
    others = [one for one in group.monitors if one.id not in shown] if group else []
    return [
        *((str(one.id), one.name, one.hostname) for one in monitors),
        *((str(one.id), one.name, "") for one in others),
    ]


def _row(group: RecipientGroup) -> RecipientGroupRow:
    recipients, monitors = ([one.name for one in members] for members in (group.recipients, group.monitors))
    return RecipientGroupRow(
        name=group.name,
        path=path_of(group),
        is_default=group.is_default,
        recipients=recipients[:_MOST_NAMED],
        more_recipients=max(0, len(recipients) - _MOST_NAMED),
        monitors=monitors[:_MOST_NAMED],
        more_monitors=max(0, len(monitors) - _MOST_NAMED),
    )
