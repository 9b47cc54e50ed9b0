"""Opsgenie, Alert API: an alert is created, and then addressed by its alias. Its service in Europe has another host."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from controller.notify.handover.alert import AlertStep, HandedAlert, Urgency
from controller.notify.handover.config_values import Config, check_webhook_secret, post, required_key, url_of
from controller.notify.webhook.sender import Request

HOST = "https://api.opsgenie.com"
_LONGEST_MESSAGE = 130
_LONGEST_TEXT = 15_000
_PRIORITIES = {Urgency.CRITICAL: "P1", Urgency.WARNING: "P3", Urgency.INFO: "P5"}
_PATHS = {AlertStep.ACKNOWLEDGE: "acknowledge", AlertStep.RESOLVE: "close", AlertStep.UPDATE: "notes"}
_SOURCE = "Mailprobe"


def request(config: Config, alert: HandedAlert) -> Request:
    """Raises InvalidError."""
    key = required_key(config, "apiKey", "the key of an API integration")
    check_webhook_secret(config)
    alerts = f"{url_of(config, 'url', HOST)}/v2/alerts"
    authorization = f"GenieKey {key}"
    if path := _PATHS.get(alert.step):
        body = {"source": _SOURCE, "note": f"{alert.title}\n\n{alert.text}"[:_LONGEST_TEXT]}
        return post(
            f"{alerts}/{quote(alert.key, safe='')}/{path}?identifierType=alias", body, Authorization=authorization
        )
    details = {"customer": alert.customer, "monitor": alert.subject, "link": alert.link}
    opened: dict[str, Any] = {
        "message": alert.title[:_LONGEST_MESSAGE],
        "alias": alert.key,
        "description": alert.text[:_LONGEST_TEXT],
        "priority": _PRIORITIES[alert.severity],
        "source": _SOURCE,
        "entity": alert.host,
        "details": {name: value for name, value in details.items() if value},
    }
    return post(alerts, opened, Authorization=authorization)
