"""What was chosen of how long results, roll-ups and blocks are kept: by the installation, and by organizations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from controller.decisions.history.retention import RetentionChoice, kept, limited
from controller.model.retention import Kept, Retention
from controller.store.platform.pool import Connection
from controller.store.retention.packages import months_of

# Controllers of earlier versions, which may still run, leave before_blocks_days as it is.
_OF_INSTALLATION = """
SELECT results_days, rollups_months, blocks_days, before_results_days, before_rollups_months,
  COALESCE(before_blocks_days, blocks_days) AS before_blocks_days, takes_effect_at
FROM retention WHERE organization_id IS NULL
"""
# How long an organization keeps results bounds its blocks, too (decisions.history.retention.bounding_blocks).
_OF_ORGANIZATION = """
SELECT results_days, rollups_months, results_days AS blocks_days, before_results_days, before_rollups_months,
  before_results_days AS before_blocks_days, takes_effect_at
FROM retention WHERE organization_id = $1
"""
_OF_ORGANIZATIONS = """
SELECT organization.id, organization.name, results_days, rollups_months, results_days AS blocks_days,
  before_results_days, before_rollups_months, before_results_days AS before_blocks_days, takes_effect_at
FROM retention JOIN organization ON organization.id = organization_id ORDER BY organization.id
"""


class OwnChoice(NamedTuple):
    """The choice of an organization."""

    organization_id: int
    name: str
    choice: RetentionChoice


async def of_installation(connection: Connection, *, lock: bool = False) -> RetentionChoice:
    """With `lock` nobody else changes it until the transaction ends."""
    if lock:
        await connection.execute("SELECT FROM retention WHERE organization_id IS NULL FOR UPDATE")
    return _choice(await connection.fetchrow(_OF_INSTALLATION))


async def of_organization(connection: Connection, organization_id: int, *, lock: bool = False) -> RetentionChoice:
    """With `lock` nobody else changes it until the transaction ends."""
    if lock:
        await connection.execute(
            "INSERT INTO retention (organization_id) VALUES ($1) ON CONFLICT (organization_id) DO NOTHING",
            organization_id,
        )
        await connection.execute("SELECT FROM retention WHERE organization_id = $1 FOR UPDATE", organization_id)
    return _choice(await connection.fetchrow(_OF_ORGANIZATION, organization_id))


async def of_organizations(connection: Connection) -> list[OwnChoice]:
    """Of all organizations that ever chose something."""
    rows = await connection.fetch(_OF_ORGANIZATIONS)
    return [OwnChoice(row["id"], row["name"], _choice(row)) for row in rows]


async def kept_by(connection: Connection, organization_id: int, now: datetime) -> Kept:
    """How long what is stored of this organization is kept now, but for customers whose packages keep less."""
    return kept(await of_installation(connection), await of_organization(connection, organization_id), now)


async def kept_for(connection: Connection, organization_id: int, customer_id: int, now: datetime) -> Kept:
    """How long those of this customer of the organization are certainly kept."""
    held = await kept_by(connection, organization_id, now)
    return limited(held, await months_of(connection, customer_id))


async def save(connection: Connection, organization_id: int | None, choice: RetentionChoice) -> None:
    """Replace the choice of the organization, or of the installation (None); the row must be there."""
    before = choice.before or Retention()
    await connection.execute(
        """
        UPDATE retention SET results_days = $2, rollups_months = $3, before_results_days = $4,
          before_rollups_months = $5, takes_effect_at = $6, blocks_days = $7, before_blocks_days = $8
        WHERE organization_id IS NOT DISTINCT FROM $1
        """,
        organization_id,
        choice.chosen.results_days,
        choice.chosen.rollups_months,
        before.results_days,
        before.rollups_months,
        choice.takes_effect_at,
        choice.chosen.blocks_days if organization_id is None else None,
        before.blocks_days if organization_id is None else None,
    )


async def note_setting(connection: Connection, controller: str, setting: Kept, *, lasts_seconds: float) -> Kept:
    """Note what a running controller is set to, and that it reads blocks; return the longest times of all controllers
    seen in the last `lasts_seconds`.
    """
    await connection.execute(
        """
        INSERT INTO retention_setting (controller, results_days, rollups_months, blocks_days) VALUES ($1, $2, $3, $4)
        ON CONFLICT (controller) DO UPDATE SET results_days = $2, rollups_months = $3, blocks_days = $4, seen_at = now()
        """,
        controller,
        *setting,
    )
    await connection.execute(
        "DELETE FROM retention_setting WHERE seen_at < now() - make_interval(secs => $1)", lasts_seconds
    )
    row = await connection.fetchrow(
        "SELECT max(results_days), max(rollups_months), max(blocks_days) FROM retention_setting"
    )
    assert row is not None  # noqa: S101 - an aggregate
    return Kept(*row)


async def any_monitor(connection: Connection) -> bool:
    """Whether there is a monitor, so that something may be stored."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM monitor)")
    return found


def _choice(row: Any) -> RetentionChoice:
    if row is None:
        return RetentionChoice()
    before = None
    if row["takes_effect_at"] is not None:
        before = Retention(
            results_days=row["before_results_days"],
            rollups_months=row["before_rollups_months"],
            blocks_days=row["before_blocks_days"],
        )
    return RetentionChoice(
        chosen=Retention(
            results_days=row["results_days"], rollups_months=row["rollups_months"], blocks_days=row["blocks_days"]
        ),
        before=before,
        takes_effect_at=row["takes_effect_at"],
    )
