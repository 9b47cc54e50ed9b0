"""What is handed over of a notification, whatever the service: which step it is in the life of an alert, and the
alert's key, which all its steps share.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from controller.notify.apprise.services import thread_of
from controller.notify.notice import GroupNotice, IncidentNotice, Notice
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


def alerts_of(sending: Sending) -> list[HandedAlert]:
    """What is sent: one alert, and when a group is over, the end of each that one of its incidents opened before it
    belonged to the group.
    """
    own = alert_of(sending)
    notice = sending.notice
    others = notice.threads if isinstance(notice, GroupNotice) and notice.over else []
    return [own, *(msgspec.structs.replace(own, key=str(key)) for key in others if str(key) != own.key)]


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
        severity=_urgency(notice),
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


def _urgency(notice: Notice) -> Urgency:
    """Of a group, that of the worst incident that is named."""
    match notice:
        case IncidentNotice():
            severities = {notice.severity}
        case GroupNotice():
            severities = {member.severity for member in notice.members}
        case _:
            return Urgency.INFO
    return Urgency.WARNING if severities == {"partial"} else Urgency.CRITICAL
