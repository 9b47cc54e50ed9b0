"""The hosts that receive the mail of the domains that alerts are sent to, and which of them are monitored here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from controller.store.platform.pool import Database

# Each count finds a host that may be named, too. The conditions are as in the indexes, which PostgreSQL uses because of
# the aggregates.
_MONITORED = """
WITH requested AS (SELECT domain FROM unnest($2::text[]) AS one (domain)), route AS (
  SELECT domain, unnest(hosts) AS host FROM mail_route JOIN requested USING (domain)
  UNION SELECT domain, domain FROM requested
)
SELECT domain, min(host) AS host FROM (
  SELECT domain, served.* FROM route CROSS JOIN LATERAL (
    SELECT count(*) AS monitors,
      min(lower(rtrim(hostname, '.'))) FILTER (WHERE $3::bigint[] IS NULL OR customer_id = ANY ($3)) AS host
    FROM monitor
    WHERE organization_id = $1 AND deleted_at IS NULL AND status <> 'disabled'
      AND lower(rtrim(hostname, '.')) = route.host
  ) AS served
  UNION ALL
  SELECT domain, served.* FROM route CROSS JOIN LATERAL (
    SELECT count(*) AS monitors,
      min(lower(rtrim(hostname, '.'))) FILTER (WHERE $3::bigint[] IS NULL OR customer_id = ANY ($3)) AS host
    FROM monitor
    WHERE organization_id = $1 AND deleted_at IS NULL AND status <> 'disabled'
      AND ipv4 = route.host AND NOT resolve_dns
  ) AS served
  UNION ALL
  SELECT domain, served.* FROM requested CROSS JOIN LATERAL (
    SELECT count(*) AS monitors,
      min(lower(rtrim(hostname, '.'))) FILTER (WHERE $3::bigint[] IS NULL OR customer_id = ANY ($3)) AS host
    FROM monitor
    WHERE organization_id = $1 AND deleted_at IS NULL AND status <> 'disabled'
      AND lower(split_part(coalesce(config -> 'auth' ->> 'user', config ->> 'user'), '@', 2)) = domain
  ) AS served
) AS found WHERE monitors > 0 GROUP BY domain
"""


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


async def monitored_of(
    database: Database, organization_id: int, domains: Collection[str], customer_ids: Collection[int] | None
) -> dict[str, str | None]:
    """By domain, a host of the organization's monitors that receives its mail. One such host is enough to lose an
    alert. None stands for a host that only other customers' monitors have; without `customer_ids` every host is named.

    A host receives a domain's mail as a mail exchanger, or by its name, or when a monitor logs in to it with an address
    of the domain.
    """
    if not domains:
        return {}
    async with database.connection() as connection:
        rows = await connection.fetch(
            _MONITORED,
            organization_id,
            list(domains),
            None if customer_ids is None else sorted(customer_ids),
        )
    return {row["domain"]: row["host"] for row in rows}
