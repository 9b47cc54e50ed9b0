"""Alertmanager of Prometheus, API v2. It forgets an alert at its `endsAt`, unless the alert is sent again before.

An open alert therefore ends far away. The labels of an alert are its identity, so they are only what never changes
while an incident is open: its key, and the labels that the channel gives.
"""

from __future__ import annotations

import re
from datetime import timedelta

from controller.errors import InvalidError
from controller.notify.handover.alert import AlertStep, HandedAlert
from controller.notify.handover.config_values import Config, basic, post, required, required_key, text_of, url_of
from controller.notify.webhook.sender import Request
from shared.epoch import to_text

_PATH = "/api/v2/alerts"
_OPEN = timedelta(days=30)
_WITHOUT_END = timedelta(minutes=5)
"""For what has no end, such as the test of a channel."""

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OURS = frozenset({"alertname", "incident"})


def request(config: Config, alert: HandedAlert) -> Request:
    """Raises InvalidError."""
    url = url_of(config, "url").removesuffix(_PATH)
    annotations = {
        "summary": alert.title,
        "description": alert.text,
        "severity": alert.severity.value,
        "monitor": alert.subject,
        "customer": alert.customer,
        "acknowledged": "true" if alert.step is AlertStep.ACKNOWLEDGE else "",
    }
    ends_at = alert.at if alert.step is AlertStep.RESOLVE else alert.at + (_OPEN if alert.lasting else _WITHOUT_END)
    sent = {
        "labels": {"alertname": "Mailprobe", "incident": alert.key, **labels_of(config)},
        "annotations": {name: value for name, value in annotations.items() if value},
        "endsAt": to_text(ends_at),
        **({"startsAt": to_text(alert.began_at)} if alert.began_at else {}),
        **({"generatorURL": alert.link} if alert.link else {}),
    }
    return post(url + _PATH, [sent], **_authorization(config))


def labels_of(config: Config) -> dict[str, str]:
    """The labels by which Alertmanager routes, written as "team=mail, severity=critical". Raises InvalidError."""
    labels: dict[str, str] = {}
    for part in (text_of(config, "labels") or "").split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not equals or not value or not _LABEL.fullmatch(name) or name in _OURS:
            rule = 'must be as "team=mail, severity=critical", without alertname and incident, which are Mailprobe\'s'
            raise InvalidError("config.labels", rule)
        labels[name] = value
    return labels


def _authorization(config: Config) -> dict[str, str]:
    """Raises InvalidError."""
    if text_of(config, "token"):
        return {"Authorization": f"Bearer {required_key(config, 'token', 'a token')}"}
    if user := text_of(config, "user"):
        return {"Authorization": basic(user, required(config, "password", "the password of that user"))}
    return {}
