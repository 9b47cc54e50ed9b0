"""Why checks of a location that reported a result showed nothing about the mail server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.decisions.evaluation.blindness import BlindCount
from controller.store.platform.pool import Connection
from shared.wire.failures import FailureKind, FailureSource

MOST_COUNTED = 10_000


# By time: the index of results that did not pass serves it, however many monitors there are. Blocks hold none of them.
_COUNTED = """
SELECT failure ->> 'kind', failure ->> 'source', count(*) FROM (
  SELECT due_at, failure FROM result
  WHERE due_at >= $2 AND due_at <= $3 AND status <> 'success' AND status = 'unknown' AND location_id = $1
  ORDER BY due_at DESC LIMIT $4
) AS newest
GROUP BY failure ->> 'kind', failure ->> 'source'
"""


async def counted_blind_results(
    connection: Connection, location_id: int, since: datetime, until: datetime
) -> Sequence[BlindCount]:
    """Those due in this time, the newest MOST_COUNTED at most."""
    rows = await connection.fetch(_COUNTED, location_id, since, until, MOST_COUNTED)
    return [BlindCount(FailureKind(kind), FailureSource(source), checks) for kind, source, checks in rows]
