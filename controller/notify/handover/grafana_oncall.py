"""Grafana OnCall and Grafana IRM, integration "Formatted webhook". It has no way to acknowledge from outside."""

from __future__ import annotations

from controller.notify.handover.alert import AlertStep, HandedAlert
from controller.notify.handover.config_values import Config, post, url_of
from controller.notify.webhook.sender import Request


def request(config: Config, alert: HandedAlert) -> Request | None:
    """None where there is nothing to say. Raises InvalidError."""
    url = url_of(config, "secret") + "/"  # without the slash at its end it redirects
    if alert.step is AlertStep.ACKNOWLEDGE:
        return None
    body = {
        "alert_uid": alert.key,
        "title": alert.title,
        "state": "ok" if alert.step is AlertStep.RESOLVE else "alerting",
        "message": alert.text,
        **({"link_to_upstream_details": alert.link} if alert.link else {}),
    }
    return post(url, body)
