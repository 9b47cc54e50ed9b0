"""The numbers of events: each customer has a sequence, and so have the events of an organization without a customer.

A range is taken in the transaction that makes the events. The rows stay locked until it ends, so it comes last there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any
from uuid import UUID

from controller.store.platform.pool import Connection

_TAKE = """
INSERT INTO event_sequence (owner, last)
SELECT owner, number FROM unnest($1::uuid[], $2::bigint[]) AS taken (owner, number) ORDER BY owner
ON CONFLICT (owner) DO UPDATE SET last = event_sequence.last + EXCLUDED.last
RETURNING owner, last
"""


async def take(connection: Connection, numbers: Mapping[UUID, int]) -> dict[UUID, int]:
    """The first of so many new numbers for each owner."""
    if not numbers:
        return {}
    rows = await connection.fetch(_TAKE, list(numbers), list(numbers.values()))
    return {row["owner"]: row["last"] - numbers[row["owner"]] + 1 for row in rows}


async def of_results(connection: Connection, rows: Sequence[Any]) -> dict[int, int]:
    """A number for the event of each `new` result, by its `place` in the batch; the first of several copies has it."""
    firsts: dict[tuple[Any, ...], Any] = {}
    for row in sorted((row for row in rows if row["new"]), key=itemgetter("place")):
        firsts.setdefault((row["monitor_id"], row["due_at"], row["location_id"], row["purpose"]), row)
    taken = await take(connection, Counter(row["customer"] for row in firsts.values()))
    following = {customer: count(first) for customer, first in taken.items()}
    return {row["place"]: next(following[row["customer"]]) for row in firsts.values()}
