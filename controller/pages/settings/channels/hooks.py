"""How an on-call service tells us what people do there: the address that it calls, and what to enter where. Pure."""

from __future__ import annotations

import msgspec

from controller.model import Channel
from controller.model.values.public_url import PublicUrl
from controller.notify.handover.config_values import WEBHOOK_SECRET

_PAGERDUTY = """
In PagerDuty open Integrations, Generic Webhooks (v3), New Webhook.
Enter this address as the webhook URL, and choose the service of this channel's routing key as the scope.
Choose the events incident.acknowledged and incident.resolved.
PagerDuty then shows a signing secret, once. Edit this channel and enter it as the webhook secret.
"""
_OPSGENIE = """
Make up a long random secret. Edit this channel and enter it as the webhook secret.
In Opsgenie open Settings, Integrations, Add integration, Webhook.
Enter this address as the webhook URL.
Add the custom header Authorization, whose value is the word Bearer, a space and the secret.
Let it send the actions Acknowledge and Close.
"""
_STEPS = {"pagerduty": _PAGERDUTY.strip().splitlines(), "opsgenie": _OPSGENIE.strip().splitlines()}


class HookView(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is what the service calls; without the base of links (`whole` is false) only its path. `ready`: the
    secret by which the service proves who it is has been entered.
    """

    address: str
    whole: bool
    ready: bool
    steps: list[str]


def hook_view(channel: Channel, public_url: PublicUrl) -> HookView | None:
    """None for a type of channel that does not call back."""
    steps = _STEPS.get(channel.type)
    if steps is None:
        return None
    path = f"/hooks/{channel.type}/{channel.public_id}"
    return HookView(
        address=public_url.link(path) or path,
        whole=public_url.link(path) is not None,
        ready=bool(channel.config.get(WEBHOOK_SECRET)),
        steps=steps,
    )
