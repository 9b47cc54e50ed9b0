"""Recipients as AlertSite's routes read and answer them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from controller.api.compat.alertsite.bodies import flag_field, number_field, text_field
from controller.api.compat.alertsite.lists import Metadata

LARGEST_THRESHOLD = 1000


class RecipientPatch(msgspec.Struct, frozen=True, kw_only=True):
    """New values of a recipient; what is left out stays."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "On call", "notify_on_clear": True}

    name: Annotated[Any, text_field("For people; at most 255 characters.")] | UnsetType = UNSET
    method_id: Annotated[Any, number_field("How it is alerted; 12 when not given.", 1, 17)] | UnsetType = UNSET
    recipient: Annotated[Any, text_field("The address, in the form that the method needs.")] | UnsetType = UNSET
    username: Annotated[Any, text_field("Of a web server that asks for it.")] | UnsetType | None = UNSET
    password: Annotated[Any, text_field("Write-only.")] | UnsetType | None = UNSET
    availability_alert: Annotated[Any, flag_field("False: it hears of no outage.")] | UnsetType = UNSET
    notify_on_clear: Annotated[Any, flag_field("True: it hears when an outage ends.")] | UnsetType = UNSET
    performance_alert: Annotated[Any, flag_field("Stored and returned.")] | UnsetType = UNSET
    performance_alert_type: Annotated[Any, text_field("Stored and returned.")] | UnsetType | None = UNSET
    repeat_performance_alerts: Annotated[Any, flag_field("Stored and returned.")] | UnsetType = UNSET
    start_threshold: (
        Annotated[Any, number_field("Failing rounds in a row before the first alert.", 1, LARGEST_THRESHOLD)]
        | UnsetType
    ) = UNSET
    stop_threshold: (
        Annotated[Any, number_field("The most alerts about one outage; 0 is no limit.", 0, LARGEST_THRESHOLD)]
        | UnsetType
    ) = UNSET
    attach_screen_capture: Annotated[Any, flag_field("Stored and returned.")] | UnsetType = UNSET
    attach_server_response: Annotated[Any, flag_field("Stored and returned.")] | UnsetType = UNSET
    remote_commands: Annotated[Any, flag_field("Stored and returned.")] | UnsetType = UNSET


class RecipientBody(RecipientPatch, frozen=True, kw_only=True):
    """A new recipient."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "recipient")
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "On call",
        "method_id": 12,
        "recipient": "oncall@example.com",
        "notify_on_clear": True,
    }

    customer_id: (
        Annotated[Any, number_field("Mailprobe's own: the customer whose monitors it hears of.", 1, 2**63 - 1)]
        | UnsetType
    ) = UNSET


class RecipientObject(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient. `method_id` is null for a channel of a type that AlertSite does not have; `customer_id` is
    Mailprobe's own.
    """

    id: int
    name: str
    method_id: int | None
    method_description: str
    recipient: str
    username: str | None
    availability_alert: bool
    notify_on_clear: bool
    performance_alert: bool
    performance_alert_type: str | None
    repeat_performance_alerts: bool
    start_threshold: int
    stop_threshold: int
    attach_screen_capture: bool
    attach_server_response: bool
    remote_commands: bool
    blackout_ids: list[str] | None
    notifier_groups: list[str] | None
    customer_id: int | None


class RecipientList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[RecipientObject]


EXAMPLE: dict[str, Any] = {
    "id": 7,
    "name": "On call",
    "method_id": 12,
    "method_description": "E-mail (HTML)",
    "recipient": "oncall@example.com",
    "username": None,
    "availability_alert": True,
    "notify_on_clear": True,
    "performance_alert": False,
    "performance_alert_type": None,
    "repeat_performance_alerts": False,
    "start_threshold": 1,
    "stop_threshold": 0,
    "attach_screen_capture": False,
    "attach_server_response": False,
    "remote_commands": False,
    "blackout_ids": None,
    "notifier_groups": ["3"],
    "customer_id": None,
}
