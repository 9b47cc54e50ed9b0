"""Warnings about e-mail addresses whose own mail servers are monitored here: alerts that would not arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta

from controller.decisions.notification.warnings import domain_of, in_words, spellings
from controller.model import Monitor
from controller.notify.mx_lookup import Exchangers
from controller.store.accounts import customers
from controller.store.notifications import mail_routes as store
from controller.store.platform.pool import Database

_KNOWN_FOR = timedelta(hours=1)
_MOST_LOOKUPS = 10


async def look_up(database: Database, exchangers: Exchangers, addresses: Iterable[str]) -> None:
    """Find out, within seconds, which hosts take the mail of these addresses, unless that was asked lately."""
    unknown = await store.unknown(database, _domains(addresses), _KNOWN_FOR)
    domains = sorted(unknown)[:_MOST_LOOKUPS]
    found = await asyncio.gather(*(exchangers.hosts_of(domain) for domain in domains))
    for domain, hosts in zip(domains, found, strict=True):
        if hosts is not None:
            await store.record(database, domain, {spelt for host in hosts for spelt in spellings(host)})


async def warnings(database: Database, organization_id: int, each: Iterable[Collection[str]]) -> list[list[str]]:
    """What is to be said of each of these collections of e-mail addresses."""
    domains = [_domains(addresses) for addresses in each]
    monitored = await store.monitored_of(database, organization_id, frozenset().union(*domains))
    return [in_words({domain: monitored[domain] for domain in here if domain in monitored}) for here in domains]


async def warnings_for(database: Database, monitor: Monitor, exchangers: Exchangers | None = None) -> list[str]:
    """What is to be said of the address that alerts about this monitor go to: its own, else its customer's. It is
    looked up where there are `exchangers`.
    """
    address = monitor.notification_email
    if address is None:
        customer = await customers.customer_of(database, monitor.organization_id, monitor.customer_id)
        address = customer.notification_email if customer else None
    if address is None:
        return []
    if exchangers is not None:
        await look_up(database, exchangers, [address])
    return (await warnings(database, monitor.organization_id, [[address]]))[0]


def _domains(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(domain for address in addresses if (domain := domain_of(address)))
