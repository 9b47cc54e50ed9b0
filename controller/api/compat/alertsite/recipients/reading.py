"""What is sent of a recipient as a change of a channel, and a channel as a recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.recipients.bodies import LARGEST_THRESHOLD, RecipientObject
from controller.api.compat.alertsite.recipients.methods import METHODS, config_of, method_of, recipient_of
from controller.decisions.breaches import Breaches
from controller.model.notification.recipients import RecipientSettings
from controller.operations.channels.channels import ChannelChange, ChannelView

NAMES = {
    **{f"config.{name}": "recipient" for name in ("to", "email", "phoneNumber", "url")},
    **{f"config.{name}": called for name, called in (("user", "username"), ("password", "password"))},
    "config": "recipient",
    "customerId": "customer_id",
}
"""AlertSite's names of fields that an operation refuses by another name."""

_FLAGS = (
    *("availability_alert", "notify_on_clear", "performance_alert", "repeat_performance_alerts"),
    *("attach_screen_capture", "attach_server_response", "remote_commands"),
)
_LONGEST_ADDRESS = 2048


def change_of(body: Mapping[str, Any], stored: RecipientSettings, method: int, *, new: bool) -> ChannelChange:
    """Raises InvalidError with every mistake."""
    mistakes = Breaches()
    found: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for name in _FLAGS:
        if name in body:
            with mistakes.noted():
                found[name] = values.flag(body[name], name)
    for name, least in (("start_threshold", 1), ("stop_threshold", 0)):
        if name in body:
            with mistakes.noted():
                found[name] = values.number(body[name], name, least, LARGEST_THRESHOLD)
    if "performance_alert_type" in body:
        with mistakes.noted():
            value = body["performance_alert_type"]
            found["performance_alert_type"] = (
                None if value is None else values.text(str(value), "performance_alert_type")
            )
    for name, longest in (("name", 255), ("recipient", _LONGEST_ADDRESS), ("username", 255), ("password", 255)):
        required = name in ("name", "recipient")
        if (new and required) or body.get(name) is not None or (required and name in body):
            with mistakes.noted():
                texts[name] = values.text(body.get(name), name, longest=longest, least=1)
    mistakes.refuse(every=True)
    if "username" in body:
        found["username"] = texts.get("username")
    settings = msgspec.structs.replace(stored, method_id=method, **found)
    change: dict[str, Any] = {"recipient": msgspec.to_builtins(settings)}
    if "name" in texts:
        change["name"] = texts["name"]
    config = config_of(method, texts.get("recipient"), settings.username, texts.get("password"))
    if new or method != stored.method_id or texts.keys() & {"recipient", "username", "password"}:
        change["config"] = config
    return ChannelChange(**change)


def recipient_object(
    view: ChannelView, blackouts: Sequence[str] | None, groups: Sequence[str] | None
) -> RecipientObject:
    channel, settings = view.channel, settings_of(view)
    method = method_of(channel)
    fields = {name: value for name, value in msgspec.structs.asdict(settings).items() if name != "method_id"}
    return RecipientObject(
        id=channel.id,
        name=channel.name,
        method_id=method,
        method_description=METHODS[method] if method else channel.type,
        recipient=recipient_of(channel, view.config),
        blackout_ids=list(blackouts) if blackouts else None,
        notifier_groups=list(groups) if groups else None,
        customer_id=channel.owner_id,
        **fields,
    )


def settings_of(view: ChannelView) -> RecipientSettings:
    return msgspec.convert(view.channel.recipient or {}, RecipientSettings)
