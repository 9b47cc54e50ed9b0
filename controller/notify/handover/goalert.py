"""GoAlert, generic API integration key. It has no way to acknowledge from outside."""

from __future__ import annotations

from controller.notify.handover.alert import AlertStep, HandedAlert
from controller.notify.handover.config_values import Config, post, url_of
from controller.notify.webhook.sender import Request

_LONGEST_SUMMARY = 1024
_LONGEST_DETAILS = 6 * 1024


def request(config: Config, alert: HandedAlert) -> Request | None:
    """None where there is nothing to say. Raises InvalidError."""
    url = url_of(config, "secret")
    if alert.step is AlertStep.ACKNOWLEDGE:
        return None
    link = f"{alert.link}\n\n" if alert.link else ""
    body = {
        "summary": alert.title[:_LONGEST_SUMMARY],
        "details": (link + alert.text)[:_LONGEST_DETAILS],
        "dedup": alert.key,
        **({"action": "close"} if alert.step is AlertStep.RESOLVE else {}),
    }
    return post(url, body)
