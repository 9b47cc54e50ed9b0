"""PagerDuty, Events API v2: one request for each step, under a `dedup_key`. Its service in Europe has another host."""

from __future__ import annotations

from controller.notify.handover.alert import AlertStep, HandedAlert
from controller.notify.handover.config_values import Config, check_webhook_secret, post, required, url_of
from controller.notify.webhook.sender import Request
from shared.epoch import to_text

HOST = "https://events.pagerduty.com"
_PATH = "/v2/enqueue"
_LONGEST_SUMMARY = 1024
_ACTIONS = {AlertStep.ACKNOWLEDGE: "acknowledge", AlertStep.RESOLVE: "resolve"}


def request(config: Config, alert: HandedAlert) -> Request:
    """Raises InvalidError."""
    key = required(config, "routingKey", "the routing key of an integration (Events API v2)")
    check_webhook_secret(config)
    url = url_of(config, "url", HOST).removesuffix(_PATH)
    event = {
        "routing_key": key,
        "event_action": _ACTIONS.get(alert.step, "trigger"),
        "dedup_key": alert.key,
    }
    if alert.step in _ACTIONS:
        return post(url + _PATH, event)
    details = {"text": alert.text, "customer": alert.customer, "monitor": alert.subject}
    described = {
        "summary": alert.title[:_LONGEST_SUMMARY],
        "source": alert.host or "mailprobe",
        "severity": alert.severity.value,
        "timestamp": to_text(alert.at),
        "custom_details": {name: value for name, value in details.items() if value},
    }
    links = {"client_url": alert.link, "links": [{"href": alert.link, "text": "Mailprobe"}]} if alert.link else {}
    return post(url + _PATH, {**event, "payload": described, "client": "Mailprobe", **links})
