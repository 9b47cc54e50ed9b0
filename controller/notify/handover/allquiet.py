"""All Quiet, inbound integration of the type Webhook: JSON whose members are mapped there to its attributes. Status and
severity are in its own words, so that they need no translation. It has no way to acknowledge from outside.
"""

from __future__ import annotations

from controller.notify.handover.alert import AlertStep, HandedAlert, Urgency
from controller.notify.handover.config_values import Config, post, url_of
from controller.notify.webhook.sender import Request
from shared.epoch import to_text

_SEVERITIES = {Urgency.CRITICAL: "Critical", Urgency.WARNING: "Warning", Urgency.INFO: "Minor"}


def request(config: Config, alert: HandedAlert) -> Request | None:
    """None where there is nothing to say. Raises InvalidError."""
    url = url_of(config, "secret")
    if alert.step is AlertStep.ACKNOWLEDGE:
        return None
    body = {
        "status": "Resolved" if alert.step is AlertStep.RESOLVE else "Open",
        "severity": _SEVERITIES[alert.severity],
        "correlationId": alert.key,
        "title": alert.title,
        "description": alert.text,
        "monitor": alert.subject,
        "customer": alert.customer,
        "host": alert.host,
        "url": alert.link or "",
        "at": to_text(alert.at),
    }
    return post(url, body)
