"""The addresses and channels that may be notified of an incident, read from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from controller.decisions.notification.channels import ONLY_FULL
from controller.decisions.notification.recipient_groups import chosen_by_groups
from controller.decisions.notification.recipient_rules import least_seconds
from controller.decisions.notification.recipients import OwnerScope, RecipientChannel
from controller.decisions.sitestatus import status_of_failure
from controller.model.notification.recipients import RecipientSettings
from controller.notify.addresses import email_addresses, phone_numbers
from controller.store.notifications import alerts
from controller.store.notifications.alerts import AlertRow, ChannelRow
from controller.store.platform.pool import Connection
from controller.store.recipients import groups as recipient_groups


async def recipient_channels(connection: Connection, row: AlertRow) -> list[RecipientChannel]:
    """The addresses and active channels of the monitor, its customer and its organization, as far as the groups of
    recipients let them hear of the monitor.
    """
    groups = await recipient_groups.groups_deciding(connection, row.organization_id, row.monitor_id)
    found = [*_own_addresses(row), *map(_channel, await alerts.channels_of(connection, row))]
    votes = row.evidence.votes if row.evidence else ()
    return chosen_by_groups(found, groups, {status_of_failure(one.failure.kind) for one in votes if one.failure})


def reached(row: ChannelRow) -> tuple[str, ...]:
    """The addresses of an e-mail or text message channel; of any other, its name."""
    match row.type:
        case "email":
            return email_addresses(row.config)
        case "sms":
            return phone_numbers(row.config)
        case _:
            return (row.name,)


def _own_addresses(row: AlertRow) -> Iterator[RecipientChannel]:
    """The monitor's own address replaces the customer's."""
    for kind, own, customers in (
        ("email", row.monitor_email, row.customer_email),
        ("sms", row.monitor_phone_number, row.customer_phone_number),
    ):
        if own:
            yield RecipientChannel(None, kind, OwnerScope.MONITOR, (own,))
        elif customers:
            yield RecipientChannel(None, kind, OwnerScope.CUSTOMER, (customers,))


def _channel(row: ChannelRow) -> RecipientChannel:
    scope = (
        OwnerScope.MONITOR if row.monitor_id else OwnerScope.CUSTOMER if row.customer_id else OwnerScope.ORGANIZATION
    )
    packages = row.allowed_package_types
    settings = msgspec.convert(row.recipient or {}, RecipientSettings)
    return RecipientChannel(
        row.id,
        row.type,
        scope,
        reached(row),
        row.name,
        row.delay_seconds,
        max(
            _seconds(row.conditions or {}, "minIncidentDuration"),
            least_seconds(settings, row.monitor_interval_seconds),
        ),
        None if packages is None else frozenset(packages),
        (row.conditions or {}).get(ONLY_FULL) is True,
    )


def _seconds(conditions: Mapping[str, Any], name: str) -> int:
    value = conditions.get(name)
    return int(value) if isinstance(value, int | float) and value > 0 else 0
