"""What is handed over of a notification, whatever the service: which step it is in the life of an alert, and the
alert's key, which all its steps share.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from controller.notify.apprise.services import thread_of
from controller.notify.notice import IncidentNotice
from controller.notify.sending import Sending

_UPDATES = frozenset({"eased", "flapping"})
_ACKNOWLEDGED = "acknowledged"


class AlertStep(StrEnum):
    """What becomes of an alert. TRIGGER also says that an open one is worse, or still there."""

    TRIGGER = "trigger"
    UPDATE = "update"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Urgency(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class HandedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """`first`: its receiver was sent nothing of it before. `lasting`: its end will be sent too. `began_at` is None
    where it is not known. `host`, `subject` and `customer` are empty where it is not about a single monitor. `delivery`
    is the same for every attempt to send this step.
    """

    step: AlertStep
    key: str
    title: str
    text: str
    link: str | None
    severity: Urgency
    first: bool
    lasting: bool
    host: str
    subject: str
    customer: str
    began_at: datetime | None
    at: datetime
    delivery: str


def alert_of(sending: Sending) -> HandedAlert:
    """The key is that of the incident with which the receiver's thread began, so that messages about a whole group
    belong to the alert that the first one opened.
    """
    notice, message = sending.notice, sending.message
    thread = sending.thread or thread_of(notice)
    single = notice if isinstance(notice, IncidentNotice) else None
    return HandedAlert(
        step=_step(getattr(notice, "change", ""), over=notice.over),
        key=thread or str(sending.key),
        title=message.subject,
        text=message.text,
        link=message.link,
        severity=_severity(getattr(notice, "severity", None)),
        first=not sending.previous_keys,
        lasting=bool(thread),
        host=single.monitor.hostname if single else "",
        subject=single.monitor.name if single else "",
        customer=single.customer.name if single else "",
        began_at=single.outage_started_at if single else None,
        at=sending.at,
        delivery=str(sending.key),
    )


def _step(change: str, *, over: bool) -> AlertStep:
    if over:
        return AlertStep.RESOLVE
    if change == _ACKNOWLEDGED:
        return AlertStep.ACKNOWLEDGE
    return AlertStep.UPDATE if change in _UPDATES else AlertStep.TRIGGER


def _severity(severity: str | None) -> Urgency:
    """What has no severity is a notice of something else than an outage."""
    if severity is None:
        return Urgency.INFO
    return Urgency.WARNING if severity == "partial" else Urgency.CRITICAL
