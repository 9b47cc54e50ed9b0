"""Notices about channels that fail: once on another channel of the owner, and once more when it works again.

A notice that cannot be sent itself makes no other notice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from controller.decisions.notification.receiver_key import receiver_key
from controller.model.values.masking import masked
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.notice import PlainNotice
from controller.notify.words import duration_text, local_time_text
from controller.store.notifications import channel_outages
from controller.store.notifications.channel_outages import FailingChannel, OtherChannel, WorkingChannel
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from shared.clock import utc_now

log = structlog.get_logger()

FAILING_SECONDS = 15.0
FAILS_FOR = timedelta(hours=1)
"""How long a channel's deliveries fail before its owner is notified."""

_LATELY = timedelta(days=2)
_AT_A_TIME = 100
_MOST_OTHERS = 20
_UNNAMED = "without a name"


async def report_failing_channels(database: Database, now: datetime | None = None) -> None:
    """Notify of channels that fail for an hour, and of those that work again. A channel that cannot be reported delays
    no other one. Raises StoreUnavailableError.
    """
    now = now or utc_now()
    async with database.transaction() as connection:
        for working in await channel_outages.end(connection):
            await _send(connection, working.other, works_again(working, now), working.id)
            log.info("channel_works_again", channel=working.id)
    found = await channel_outages.failing(database, now, lasting=FAILS_FOR, lately=_LATELY, at_most=_AT_A_TIME)
    for failing in found:
        try:
            async with database.transaction() as connection:
                await _report(connection, failing, now)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("failing_channel_not_reported", channel=failing.id)


async def _report(connection: Connection, failing: FailingChannel, now: datetime) -> None:
    own = _keys(failing.id, failing.type, receivers_of(failing.type, failing.name, failing.config))
    for other in await channel_outages.others_of(connection, failing, at_most=_MOST_OTHERS):
        theirs = receivers_of(other.type, other.name, other.config)
        if theirs and not own & _keys(other.id, other.type, theirs):
            if await channel_outages.begin(connection, failing, other):
                await _send(connection, other, fails(failing, now), failing.id)
                log.warning("channel_fails", channel=failing.id, notified_on=other.id)
            return


async def _send(connection: Connection, other: OtherChannel, notice: PlainNotice, about: int) -> None:
    receivers = receivers_of(other.type, other.name, other.config)
    await channel_outages.notify(connection, other, receivers, msgspec.to_builtins(notice), about_channel_id=about)


def fails(channel: FailingChannel, now: datetime) -> PlainNotice:
    """What the owner is told; nothing in it is a secret of the channel."""
    name = masked(channel.name) or _UNNAMED
    error = masked(channel.error)
    since = local_time_text(channel.since, channel.time_zone)
    return PlainNotice(
        title=f"Notifications do not arrive: {name} ({channel.type})",
        paragraphs=[
            f"Nothing could be sent on this channel since {since}{f': {error}' if error else ''}.",
            "Until it works again, nobody hears of outages there. You get one more message when it does.",
        ],
        at=now,
        time_zone=channel.time_zone,
        subject_id=_subject(channel.public_id, channel.since),
        path=f"/settings/channels/{channel.public_id}",
    )


def works_again(channel: WorkingChannel, now: datetime) -> PlainNotice:
    name = masked(channel.name) or _UNNAMED
    return PlainNotice(
        title=f"Notifications arrive again: {name} ({channel.type})",
        paragraphs=[f"This channel took a notification again, after {duration_text(now - channel.since)}."],
        at=now,
        time_zone=channel.time_zone,
        over=True,
        subject_id=_subject(channel.public_id, channel.since),
        path=f"/settings/channels/{channel.public_id}",
    )


def receivers_of(type_: str, name: str, config: dict[str, object]) -> list[str]:
    """The addresses of a mail or text message channel, else its name."""
    match type_:
        case "email":
            return list(email_addresses(config))
        case "sms":
            return list(phone_numbers(config))
        case _:
            return [name]


def _keys(channel_id: int, type_: str, receivers: list[str]) -> set[str]:
    return {receiver_key(type_, one, channel_id) for one in receivers}


def _subject(public_id: UUID, since: datetime) -> str:
    """Of one outage of the channel: the end is a reply to its beginning."""
    return f"channel-{public_id}-{since:%Y%m%dT%H%M%S}"
