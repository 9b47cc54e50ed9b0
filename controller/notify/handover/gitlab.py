"""GitLab, alert integration "HTTP endpoint": alerts with one fingerprint are one, and an `end_time` resolves it. It has
no way to acknowledge from outside.
"""

from __future__ import annotations

from typing import Any

from controller.notify.handover.alert import AlertStep, HandedAlert, Urgency
from controller.notify.handover.config_values import Config, post, required_key, url_of
from controller.notify.webhook.sender import Request
from shared.epoch import to_text

_SEVERITIES = {Urgency.CRITICAL: "critical", Urgency.WARNING: "medium", Urgency.INFO: "info"}


def request(config: Config, alert: HandedAlert) -> Request | None:
    """None where there is nothing to say. Raises InvalidError."""
    url = url_of(config, "url")
    key = required_key(config, "token", "the authorization key of the endpoint")
    if alert.step is AlertStep.ACKNOWLEDGE:
        return None
    body: dict[str, Any] = {
        "title": alert.title,
        "description": alert.text,
        "fingerprint": alert.key,
        "severity": _SEVERITIES[alert.severity],
        "monitoring_tool": "Mailprobe",
        "start_time": to_text(alert.began_at or alert.at),
        "service": alert.subject,
        "hosts": [alert.host] if alert.host else [],
        **({"end_time": to_text(alert.at)} if alert.step is AlertStep.RESOLVE else {}),
        **({"mailprobe_url": alert.link} if alert.link else {}),
    }
    return post(url, {name: value for name, value in body.items() if value}, Authorization=f"Bearer {key}")
