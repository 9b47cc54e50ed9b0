"""The results of one monitor, and their dialogues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from controller.decisions.history.history import Position
from controller.model import Principal
from controller.operations.monitors.monitors import get_monitor
from controller.operations.results.results import Question, ResultsFound, results_page
from controller.store.checks import transcripts
from controller.store.checks.result_history import HistoryRecord
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.wire.messages import TranscriptLine
from shared.wire.targets import KINDS


async def monitor_results(
    database: Database,
    vault: Vault,
    principal: Principal,
    public_id: UUID,
    question: Question,
    cursor: str | None,
    *,
    limit: int,
    now: datetime,
) -> ResultsFound:
    """The results of one monitor, which a global role finds in any organization.

    Raises InvalidError, NotFoundError, ForbiddenError, StoreUnavailableError.
    """
    monitor = await get_monitor(database, principal, KINDS, public_id)
    there, of_it = replace(principal, works_in=monitor.organization_id), replace(question, monitors=[public_id])
    return await results_page(database, vault, there, of_it, cursor, limit=limit, now=now)


async def dialogues_of(
    database: Database, found: Sequence[HistoryRecord]
) -> Mapping[Position, Sequence[TranscriptLine]]:
    """The dialogues of these results, which the caller may read, by their positions; most results have none."""
    return await transcripts.of_results(database, [one.position for one in found])
