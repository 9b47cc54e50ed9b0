"""The warning in a mail that some alerts will not arrive where it goes, because its receiver's own mail servers are
monitored.
"""

from __future__ import annotations

import structlog

from controller.decisions.notification.destination_warnings import domain_of, warning_texts
from controller.store.notifications import mail_routes
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Database, StoreUnavailableError

log = structlog.get_logger()


async def mail_warnings(db: Database, delivery: Claimed) -> list[str]:
    """A mail to a customer's address names only hosts of that customer's monitors. Without PostgreSQL there is no
    warning: the mail must not wait for it.
    """
    domain = domain_of(delivery.receiver)
    if domain is None:
        return []
    customer_ids = None if delivery.customer_id is None else frozenset({delivery.customer_id})
    try:
        monitored = await mail_routes.monitored_of(db, delivery.organization_id, [domain], customer_ids)
    except StoreUnavailableError as error:
        log.info("mail_without_warning", error=str(error))
        return []
    return warning_texts(monitored)
