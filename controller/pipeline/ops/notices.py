"""Notices about the installation itself, sent once to its operators on channels of their own and never to a customer.

The operators' channels are those marked `forOps` in the organization that runs the installation, and the addresses of
MAILPROBE_OPS_EMAIL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from uuid import UUID, uuid4

import msgspec
import structlog

from controller.decisions.notification.receiver_key import receiver_key
from controller.model import Channel
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.notice import PlainNotice
from controller.notify.ops.message import MOST_NAMED, OpsMessage
from controller.store.accounts import organizations
from controller.store.notifications import channels, deliveries, ops_notices
from controller.store.notifications.deliveries import NewDelivery
from controller.store.notifications.ops_notices import OpenProblem
from controller.store.platform.pool import Connection, Database

log = structlog.get_logger()


class TroubleKind(StrEnum):
    LOCATION_SILENT = "location_silent"
    CLOCK_OFF = "clock_off"
    UNEXPECTED_RESULTS = "unexpected_results"
    BROKER_FAILING = "broker_failing"
    CANARY_LOST = "canary_lost"
    CANARY_TARGET_FAILING = "canary_target_failing"
    HEARTBEAT_URL_FAILING = "heartbeat_url_failing"
    MONITOR_WITHOUT_LOCATION = "monitor_without_location"
    REFUSED_SIGNATURES = "refused_signatures"
    STARTTLS_STRIPPED = "starttls_stripped"
    HISTORY_SHORTENED = "history_shortened"


async def report(
    database: Database,
    addresses: Sequence[str],
    kind: TroubleKind,
    troubles: Mapping[str, datetime],
    begun: Callable[[Collection[str]], OpsMessage],
    over: Callable[[Sequence[OpenProblem]], OpsMessage],
    now: datetime,
    *,
    not_of: Collection[str] = (),
) -> None:
    """Send a notice of those of `troubles` (subjects, each with the moment since when it is in trouble) that the
    operators do not know of, but for those in `not_of`, and one of those that they know of and that are over. Raises
    StoreUnavailableError.
    """
    known = await ops_notices.known(database, kind)
    if known - troubles.keys():
        await end(database, addresses, kind, known - troubles.keys(), over, now)
    new = [
        (subject, since)
        for subject, since in sorted(troubles.items())
        if subject not in known and subject not in not_of
    ]
    if new:
        await begin(database, addresses, kind, new, begun, now)


async def begin(
    database: Database,
    addresses: Sequence[str],
    kind: TroubleKind,
    troubles: Sequence[tuple[str, datetime]],
    make_message: Callable[[Collection[str]], OpsMessage],
    now: datetime,
) -> None:
    """Send one notice about these subjects, each with the moment since when it is in trouble, but for those the
    operators were warned of before.

    `addresses` get it besides the operators' channels. `make_message` makes the text. Raises StoreUnavailableError.
    """
    number = uuid4()
    async with database.transaction() as connection:
        new = await ops_notices.begin(connection, kind, number, troubles)
        if not new:
            return
        message = make_message(new)
        notice = notice_of(message, now, number, over=False)
        receivers = await _send(connection, addresses, notice)
    log.warning(kind.value, subjects=new[:MOST_NAMED], number=len(new), receivers=receivers)


async def end(
    database: Database,
    addresses: Sequence[str],
    kind: TroubleKind,
    subjects: Collection[str],
    make_message: Callable[[Sequence[OpenProblem]], OpsMessage],
    now: datetime,
) -> None:
    """Send a notice that these troubles are over, as a reply to the notice that warned of them.

    Raises StoreUnavailableError.
    """
    async with database.transaction() as connection:
        over = await ops_notices.end(connection, kind, subjects)
        receivers = 0
        for number, together in groupby(sorted(over, key=lambda one: one.number), key=lambda one: one.number):
            message = make_message(list(together))
            receivers += await _send(connection, addresses, notice_of(message, now, number, over=True))
    if over:
        subjects_over = [trouble.subject for trouble in over]
        log.info(f"{kind.value}_over", subjects=subjects_over[:MOST_NAMED], number=len(over), receivers=receivers)


def notice_of(message: OpsMessage, now: datetime, number: UUID, *, over: bool) -> PlainNotice:
    """A notice to operators. `number` is that of the trouble, which its beginning and its end share."""
    return PlainNotice(
        title=message.title,
        paragraphs=message.paragraphs,
        at=now,
        over=over,
        subject_id=str(number),
        path=message.path,
    )


async def _send(connection: Connection, addresses: Sequence[str], notice: PlainNotice) -> int:
    """Queue the notice and return the number of receivers. A receiver that several channels name gets it once."""
    operating = await organizations.operating(connection)
    if operating is None:
        return 0
    receivers = {
        receiver_key("email", address, None): NewDelivery(None, None, "email", address) for address in addresses
    }
    for channel in await channels.for_ops(connection):
        for where in _reached(channel):
            receivers.setdefault(
                receiver_key(channel.type, where, channel.id),
                NewDelivery(channel.id, channel.name, channel.type, where),
            )
    notice = msgspec.structs.replace(notice, time_zone=operating.time_zone)
    return await deliveries.insert(connection, operating.id, msgspec.to_builtins(notice), receivers.values())


def _reached(channel: Channel) -> Sequence[str]:
    match channel.type:
        case "email":
            return email_addresses(channel.config)
        case "sms":
            return phone_numbers(channel.config)
        case _:
            return (channel.name,)
