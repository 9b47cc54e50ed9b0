"""Example events of what surrounds the checks of the other examples."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid5

from controller.api.asyncapi.examples import INCIDENT, RESULT
from controller.model import GapReason
from controller.model.audit import ActorKind, AuditAction, ObjectKind
from controller.model.maintenance import Effect
from shared.wire.fact_events import FactEvent
from shared.wire.messages import EventType
from shared.wire.rounds import Purpose
from shared.wire.side_events import (
    ChangedBy,
    ChangedObject,
    ConfigurationEvent,
    DeliveryEvent,
    GapEvent,
    MaintenanceEvent,
)

_ORGANIZATION, _CUSTOMER, _MONITOR = RESULT.organization_id, RESULT.customer_id, RESULT.monitor_id
_DUE = RESULT.result.due_at - timedelta(minutes=1)
_LATER = INCIDENT.occurred_at + timedelta(seconds=2)

GAP = GapEvent(
    event_id=uuid5(_MONITOR, "an example of a gap"),
    type=EventType.GAP,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    occurred_at=_DUE + timedelta(seconds=40),
    location="jp-tyo",
    country="JP",
    purpose=Purpose.SCHEDULED,
    reason=GapReason.NO_AGENT,
    due_from=_DUE,
    due_to=_DUE,
    kind=RESULT.kind,
    sequence=4710,
)

MAINTENANCE = MaintenanceEvent(
    event_id=uuid5(_MONITOR, "an example of maintenance"),
    type=EventType.MAINTENANCE,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    occurred_at=_LATER,
    change="began",
    effect=Effect.SILENCE,
    since=_LATER,
    until=_LATER + timedelta(hours=2),
    kind=RESULT.kind,
    sequence=4715,
)

DELIVERY = DeliveryEvent(
    event_id=uuid5(_MONITOR, "an example of an attempt"),
    type=EventType.DELIVERY,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    occurred_at=_LATER,
    incident_id=INCIDENT.incident_id,
    delivery_id=uuid5(_MONITOR, "an example of a delivery"),
    outcome="retrying",
    channel="webhook",
    name="On call",
    attempt=1,
    error="the receiver answered 503",
    kind=RESULT.kind,
    sequence=4714,
)

CONFIGURATION = ConfigurationEvent(
    event_id=uuid5(_MONITOR, "an example of a change of configuration"),
    type=EventType.CONFIGURATION,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    occurred_at=_LATER,
    action=AuditAction.MONITOR_CHANGED,
    object=ChangedObject(kind=ObjectKind.MONITOR, id=str(_MONITOR)),
    by=ChangedBy(kind=ActorKind.PERSON, id=str(uuid5(_MONITOR, "an example of a person"))),
    fields=["config.auth.password", "port"],
    kind=RESULT.kind,
    sequence=4716,
)

FACT = FactEvent(
    event_id=uuid5(_MONITOR, "an example of a changed fact"),
    type=EventType.FACT,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    occurred_at=_LATER,
    change="began",
    fact=None,
    finding="downgrade_suspected",
    before=None,
    after="STARTTLS is not offered",
    locations=["jp-tyo"],
    countries=["JP"],
    words="STARTTLS vanished in JP, and other countries are still offered it",
    kind=RESULT.kind,
    sequence=4717,
)
