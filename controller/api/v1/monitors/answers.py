"""A monitor as our own API answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.decisions.monitors.display import display_state
from controller.http.monitors.targets import TARGET_SHOWN, AnyTarget, target_answer
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import Monitor, MonitorStatus
from controller.model.overview import DisplayState


class PresentMaintenance(msgspec.Struct, frozen=True, kw_only=True):
    """That a monitor is in maintenance now, by one window or several."""

    effect: Annotated[str, Meta(description="silence: nobody is notified; suspend: there are no checks either.")]
    since: Annotated[Timestamp, Meta(description="When it began.")]
    until: Annotated[
        Timestamp | None,
        Meta(description="Until when its windows last without a break; null: until somebody ends one."),
    ]


class MonitorAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor of any kind. `state`, `maintenance` and `lastCheckedAt` change by themselves and are not in the
    ETag.
    """

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"state", "maintenance", "last_checked_at"})

    id: Annotated[UUID, Meta(description="Given by Mailprobe.")]
    kind: Annotated[str, Meta(description="The kind of `target`.")]
    name: Annotated[str, Meta(description="What people call it.")]
    project: Annotated[str | None, Meta(description="The project in which `externalKey` is unique.")]
    external_key: Annotated[str | None, Meta(description="The name by which a program knows the monitor.")]
    customer_id: Annotated[UUID, Meta(description="Its customer.")]
    target: Annotated[
        AnyTarget | None,
        Meta(description="What is checked. Null when what is stored is not understood by this version; replace it."),
    ]
    enabled: Annotated[bool, Meta(description="Whether it is checked.")]
    in_maintenance: Annotated[
        bool, Meta(description="Whether it was set to be in maintenance, until this is false again.")
    ]
    interval: Annotated[int, Meta(description="Seconds between checks.")]
    timeout: Annotated[int, Meta(description="Seconds for a whole check.")]
    countries: Annotated[
        list[str] | None, Meta(description="Where it is checked from; null: as its customer or organization says.")
    ]
    locations: Annotated[list[str] | None, Meta(description="The codes of its locations; null: all of its countries.")]
    home_location: Annotated[str | None, Meta(description="The code of the location whose word counts most.")]
    rotate_locations: Annotated[bool, Meta(description="Whether rounds use its locations in turn.")]
    locations_per_round: Annotated[int, Meta(description="How many locations a round uses, if they rotate.")]
    retry_on_failure: Annotated[bool, Meta(description="Whether a failed check is repeated at once.")]
    notify_on_error: Annotated[bool, Meta(description="Whether anybody is told of its incidents.")]
    notification_email: Annotated[str | None, Meta(description="Null: the customer's.")]
    notification_phone: Annotated[str | None, Meta(description="Null: the customer's.")]
    notes: Annotated[str | None, Meta(description="Free text for people.")]
    labels: Annotated[dict[str, str], Meta(description="Key to value.")]
    depends_on: Annotated[
        list[UUID], Meta(description="The monitors on which it depends, as far as the caller may see them.")
    ]
    state: Annotated[
        DisplayState,
        Meta(description="The verdict, unknown before the first; of one that is not enabled or in maintenance, that."),
    ]
    maintenance: Annotated[
        PresentMaintenance | None,
        Meta(description="Whether it is in maintenance now, by any window; null: it is not."),
    ]
    last_checked_at: Annotated[Timestamp | None, Meta(description="The latest check. Null: none yet.")]
    created_at: Annotated[Timestamp, Meta(description="When it was created.")]
    updated_at: Annotated[Timestamp, Meta(description="When it was last changed.")]


class OneMonitor(MonitorAnswer, frozen=True, kw_only=True):
    """A monitor by itself, with what may be wrong around it."""

    UNTAGGED: ClassVar[frozenset[str]] = MonitorAnswer.UNTAGGED | {"warnings"}

    warnings: Annotated[
        list[str],
        Meta(
            description="In words for people: that no location can check it, or that messages about it go to a mail"
            " server that is monitored here. Lists leave them out."
        ),
    ]


def monitor_answer(
    monitor: Monitor, *, customer: UUID, verdict: str | None, codes: Mapping[int, str], parents: Sequence[UUID]
) -> MonitorAnswer:
    """`customer` is the customer's public id, `verdict` None before the first evaluation, `parents` are on which it
    depends (controller.store.monitors.beside), and `codes` are those of all locations by their numbers.
    """
    return MonitorAnswer(
        id=monitor.public_id,
        kind=monitor.kind,
        name=monitor.name,
        project=monitor.project,
        external_key=monitor.external_key,
        customer_id=customer,
        target=target_answer(monitor),
        enabled=monitor.status is not MonitorStatus.DISABLED,
        in_maintenance=monitor.status is MonitorStatus.MAINTENANCE,
        interval=monitor.interval_seconds,
        timeout=monitor.timeout_seconds,
        countries=monitor.allowed_check_country_codes,
        locations=None
        if monitor.location_ids is None
        else [codes[number] for number in monitor.location_ids if number in codes],
        home_location=codes.get(monitor.home_location_id) if monitor.home_location_id is not None else None,
        rotate_locations=monitor.rotate_locations,
        locations_per_round=monitor.locations_per_round,
        retry_on_failure=monitor.retry_on_failure,
        notify_on_error=monitor.notify_on_error,
        notification_email=monitor.notification_email,
        notification_phone=monitor.notification_phone_number,
        notes=monitor.notes,
        labels=monitor.labels,
        depends_on=list(parents),
        state=display_state(monitor.status, verdict, in_maintenance=monitor.maintenance is not None),
        maintenance=_present(monitor),
        last_checked_at=timestamp_or_none(monitor.last_checked_at),
        created_at=timestamp(monitor.created_at),
        updated_at=timestamp(monitor.updated_at),
    )


def _present(monitor: Monitor) -> PresentMaintenance | None:
    found = monitor.maintenance
    if found is None or monitor.status is MonitorStatus.DISABLED:
        return None
    return PresentMaintenance(
        effect=found.effect.value, since=timestamp(found.since), until=timestamp_or_none(found.until)
    )


EXAMPLE: dict[str, Any] = {
    "id": "33333333-3333-4333-8333-333333333333",
    "kind": TARGET_SHOWN["kind"],
    "name": "Mail in",
    "project": "shop",
    "externalKey": "mail-in",
    "customerId": "11111111-1111-4111-8111-111111111111",
    "target": TARGET_SHOWN,
    "enabled": True,
    "inMaintenance": False,
    "interval": 300,
    "timeout": 30,
    "countries": ["DE", "FR"],
    "locations": None,
    "homeLocation": None,
    "rotateLocations": False,
    "locationsPerRound": 1,
    "retryOnFailure": False,
    "notifyOnError": True,
    "notificationEmail": None,
    "notificationPhone": None,
    "notes": None,
    "labels": {"team": "post", "critical": ""},
    "dependsOn": [],
    "state": "up",
    "maintenance": None,
    "lastCheckedAt": "2026-01-01T12:00:00.000Z",
    "createdAt": "2026-01-01T11:00:00.000Z",
    "updatedAt": "2026-01-01T11:00:00.000Z",
}
ONE_EXAMPLE: dict[str, Any] = {**EXAMPLE, "warnings": []}
