"""The hosts that receive the mail of the domains that alerts are sent to, and which of them are monitored here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from controller.store.platform.pool import Database

_HOST = "lower(rtrim(hostname, '.'))"
_LOGIN_DOMAIN = "lower(split_part(coalesce(config -> 'auth' ->> 'user', config ->> 'user'), '@', 2))"  # as the index
_THERE = "organization_id = $1 AND deleted_at IS NULL AND status <> 'disabled'"


async def unknown(database: Database, domains: Collection[str], older_than: timedelta) -> set[str]:
    """The domains that were never resolved, or not recently."""
    async with database.connection() as connection:
        known = await connection.fetch(
            "SELECT domain FROM mail_route WHERE domain = ANY ($1) AND resolved_at > now() - $2::interval",
            list(domains),
            older_than,
        )
    return set(domains) - {row["domain"] for row in known}


async def record(database: Database, domain: str, hosts: Collection[str]) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO mail_route (domain, hosts) VALUES ($1, $2)"
            " ON CONFLICT (domain) DO UPDATE SET hosts = excluded.hosts, resolved_at = now()",
            domain,
            sorted(hosts),
        )


async def monitored_of(database: Database, organization_id: int, domains: Collection[str]) -> dict[str, str]:
    """By domain, a host of the organization's monitors that receives its mail. One such host is enough to lose an
    alert.

    A host receives a domain's mail as a mail exchanger, or by its name, or when a monitor logs in to it with an address
    of the domain.
    """
    if not domains:
        return {}
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"""
            WITH requested AS (SELECT domain FROM unnest($2::text[]) AS one (domain)), route AS (
              SELECT domain, unnest(hosts) AS host FROM mail_route JOIN requested USING (domain)
              UNION SELECT domain, domain FROM requested
            )
            SELECT domain, min(host) AS host FROM (
              SELECT domain, {_HOST} AS host FROM route JOIN monitor ON {_HOST} = route.host AND {_THERE}
              UNION ALL
              SELECT domain, {_HOST} FROM route JOIN monitor ON ipv4 = route.host AND NOT resolve_dns AND {_THERE}
              UNION ALL
              SELECT domain, {_HOST} FROM requested JOIN monitor ON {_LOGIN_DOMAIN} = domain AND {_THERE}
            ) AS served GROUP BY domain
            """,  # noqa: S608 - constants only
            organization_id,
            list(domains),
        )
    return {row["domain"]: row["host"] for row in rows}
