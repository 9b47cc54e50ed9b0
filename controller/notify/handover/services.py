"""All services that incidents are handed over to. To add one, write a module and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple

from controller.errors import InvalidError
from controller.notify.apprise.services import SERVICES
from controller.notify.channels import ChannelGroup, ChannelType, Senders, service
from controller.notify.channels import Config as AnyConfig
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.handover import (
    alertmanager,
    allquiet,
    gitlab,
    goalert,
    grafana_oncall,
    linear,
    opsgenie,
    pagerduty,
    servicenow,
)
from controller.notify.handover.alert import AlertStep, HandedAlert, Urgency, alerts_of
from controller.notify.handover.config_values import Config, text_of
from controller.notify.sending import Sending
from controller.notify.webhook.sender import Request, refusal

_EXAMPLE = HandedAlert(
    step=AlertStep.TRIGGER,
    key="example",
    title="Example",
    text="Example",
    link=None,
    severity=Urgency.INFO,
    first=True,
    lasting=False,
    host="",
    subject="",
    customer="",
    began_at=None,
    at=datetime(2000, 1, 1, tzinfo=UTC),
    delivery="example",
)


class HandOver(NamedTuple):
    """`check` raises InvalidError for a config that cannot be sent with. `send` raises InvalidError, DeliveryError, and
    SkippedError for a step that the service does not know. `key` is the config's key without which an Apprise URL in
    `secret` is used, as it was before the service got a module of its own; None where it never was.
    """

    check: Callable[[Config], None]
    send: Callable[[linear.Exchange, Config, HandedAlert], Awaitable[None]]
    key: str | None = None


def _by_request(
    label: str, request: Callable[[Config, HandedAlert], Request | None], key: str | None = None
) -> HandOver:
    """A service that one request is enough for; None for a step that it does not know."""

    def check(config: Config) -> None:
        request(config, _EXAMPLE)

    async def send(exchange: linear.Exchange, config: Config, alert: HandedAlert) -> None:
        made = request(config, alert)
        if made is None:
            raise SkippedError(f"{label} cannot be told of this")
        answer = await exchange(made)
        if not 200 <= answer.status < 300:
            raise refusal(label, answer.status)

    return HandOver(check, send, key)


HANDED_OVER: dict[str, HandOver] = {
    "alertmanager": _by_request("Alertmanager", alertmanager.request),
    "allquiet": _by_request("All Quiet", allquiet.request),
    "gitlab": _by_request("GitLab", gitlab.request),
    "goalert": _by_request("GoAlert", goalert.request),
    "grafanaoncall": _by_request("Grafana OnCall", grafana_oncall.request),
    "linear": HandOver(linear.check, linear.send),
    "opsgenie": _by_request("Opsgenie", opsgenie.request, "apiKey"),
    "pagerduty": _by_request("PagerDuty", pagerduty.request, "routingKey"),
    "servicenow": _by_request("ServiceNow", servicenow.request),
}


def handed_over(name: str) -> ChannelType:
    """The channel type of a service that incidents are handed over to."""
    known = HANDED_OVER[name]
    before = service(name) if name in SERVICES else None

    def by_apprise(config: AnyConfig) -> ChannelType | None:
        own = known.key is None or text_of(config, known.key)
        return before if not own and text_of(config, "secret") else None

    async def check(senders: Senders, config: AnyConfig) -> None:
        if earlier := by_apprise(config):
            await earlier.check(senders, config)
        else:
            known.check(config)

    async def send(senders: Senders, sending: Sending) -> str:
        if earlier := by_apprise(sending.config):
            return await earlier.send(senders, sending)
        try:
            for alert in alerts_of(sending):
                await known.send(senders.webhook.exchange, sending.config, alert)
        except InvalidError as error:
            raise DeliveryError(str(error), permanent=True) from error
        return ""

    return ChannelType(ChannelGroup.WEBHOOK, check, send)
