"""Warnings about e-mail addresses whose own mail servers are monitored here: alerts to them would not arrive during an
outage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta

from controller.decisions.notification.destination_warnings import domain_of, spellings, warning_texts
from controller.model import Monitor, Principal
from controller.notify.mx_lookup import MxLookup
from controller.store.accounts import customers
from controller.store.notifications import mail_routes as store
from controller.store.platform.pool import Database

_KNOWN_FOR = timedelta(hours=1)
_MOST_LOOKUPS = 10


async def check_mail_routes(database: Database, exchangers: MxLookup, addresses: Iterable[str]) -> None:
    """Find out which hosts take the mail of these addresses, within seconds; addresses that were resolved lately are
    skipped.
    """
    unknown = await store.unknown(database, _domains(addresses), _KNOWN_FOR)
    domains = sorted(unknown)[:_MOST_LOOKUPS]
    found = await asyncio.gather(*(exchangers.hosts_of(domain) for domain in domains))
    for domain, hosts in zip(domains, found, strict=True):
        if hosts is not None:
            await store.record(database, domain, {spelt for host in hosts for spelt in spellings(host)})


async def warnings(
    database: Database, principal: Principal, organization_id: int, each: Iterable[Collection[str]]
) -> list[list[str]]:
    """The warnings about each of these collections of e-mail addresses. They name hosts of monitors that the principal
    may see.
    """
    domains = [_domains(addresses) for addresses in each]
    monitored = await store.monitored_of(database, organization_id, frozenset().union(*domains), principal.customer_ids)
    return [warning_texts({domain: monitored[domain] for domain in here if domain in monitored}) for here in domains]


async def warnings_for(
    database: Database, principal: Principal, monitor: Monitor, exchangers: MxLookup | None = None
) -> list[str]:
    """The warnings about the address that gets the alerts of this monitor: its own, else its customer's. With
    `exchangers` its mail servers are resolved first.
    """
    address = monitor.notification_email
    if address is None:
        customer = await customers.customer_of(database, monitor.organization_id, monitor.customer_id)
        address = customer.notification_email if customer else None
    if address is None:
        return []
    if exchangers is not None:
        await check_mail_routes(database, exchangers, [address])
    return (await warnings(database, principal, monitor.organization_id, [[address]]))[0]


def _domains(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(domain for address in addresses if (domain := domain_of(address)))
