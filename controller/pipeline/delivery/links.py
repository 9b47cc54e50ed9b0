"""The link of a message by which its receiver acts without a login. Each attempt to send has a token of its own, stored
before the message leaves.
"""

from __future__ import annotations

from controller.model.values.public_url import PublicUrl
from controller.notify.notice import IncidentNotice, Notice, PlainNotice
from controller.notify.report_notice import ReportNotice
from controller.store.digests import unsubscribing
from controller.store.incidents import ack_tokens
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.secret import Secret


async def ack_link(db: Database, public_url: PublicUrl, delivery: Claimed, notice: Notice, token: Secret) -> str | None:
    """The link that acknowledges what the message is about; None where that is over, or where people cannot reach this
    installation by a link.
    """
    link = public_url.link(f"/ack/{token.reveal()}")
    if link is None or delivery.incident_id is None or not _is_takeable(delivery, notice):
        return None
    async with db.connection() as connection:
        await ack_tokens.insert(
            connection, token, incident_id=delivery.incident_id, delivery_id=delivery.id, now=utc_now()
        )
    return link


async def unsubscribe_link(
    db: Database, public_url: PublicUrl, delivery: Claimed, notice: Notice, token: Secret
) -> str | None:
    """The link by which the receiver of a daily or weekly digest gets no more of them; None for any other message."""
    link = public_url.link(f"/unsubscribe/{token.reveal()}")
    if link is None or delivery.channel_id is None or not isinstance(notice, ReportNotice):
        return None
    async with db.connection() as connection:
        await unsubscribing.insert(
            connection, token, channel_id=delivery.channel_id, receiver=delivery.receiver, now=utc_now()
        )
    return link


def _is_takeable(delivery: Claimed, notice: Notice) -> bool:
    """Whether the message is about an open incident that somebody may take. Of a group the first one may be over."""
    if isinstance(notice, PlainNotice) or notice.over:
        return False
    return not (isinstance(notice, IncidentNotice) and (delivery.over or notice.acknowledgement))
