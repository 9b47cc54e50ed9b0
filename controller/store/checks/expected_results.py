"""Store the expected results and no others: a location that lies, or that an attacker controls, cannot write history.

A scheduled check is expected when its due moment is one of its monitor's rounds and the location, which existed by
then, is one of the monitor's; the statement that stores a result checks this itself. All other checks must have left a
trace: planned and not settled yet, recorded as missing, or stored before. These are rechecks, triggered checks, and
checks of a monitor that was changed since or whose locations take part in rotation.

Late results, which may have to wait for a block that is being made, are stored after the others and apart from them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from controller.store.checks.dispatch import second_of
from controller.store.checks.results import StoredResult, store_results
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose

_LATE = timedelta(minutes=50)
"""Below the hour from which on a result may wait (store.checks.results), as the clocks of controllers differ."""


async def store_expected(
    db: Database, results: Sequence[CheckResult], *, own_facts: Collection[str] = ()
) -> list[StoredResult | None]:
    """Like store_results, but an unexpected result is not stored, and not `expected`. Raises the same errors, perhaps
    after those that are not late were stored.
    """
    late_before = utc_now() - _LATE
    outcomes: list[StoredResult | None] = [None] * len(results)
    for is_late in (False, True):
        places = [n for n, one in enumerate(results) if (one.due_at < late_before) is is_late]
        if places:
            stored = await _store(db, [results[n] for n in places], own_facts)
            for n, outcome in zip(places, stored, strict=True):
                outcomes[n] = outcome
    return outcomes


async def _store(db: Database, results: Sequence[CheckResult], own_facts: Collection[str]) -> list[StoredResult | None]:
    confirmed = [False] * len(results)
    await _confirm_traced(
        db, results, confirmed, [n for n, one in enumerate(results) if one.purpose is not Purpose.SCHEDULED]
    )
    outcomes = await store_results(db, results, confirmed, own_facts=own_facts)
    doubtful = [
        n
        for n, stored in enumerate(outcomes)
        if stored is not None and not stored.expected and results[n].purpose is Purpose.SCHEDULED
    ]
    await _confirm_traced(db, results, confirmed, doubtful)
    found = [n for n in doubtful if confirmed[n]]
    if found:
        again = await store_results(db, [results[n] for n in found], own_facts=own_facts)
        for n, stored in zip(found, again, strict=True):
            outcomes[n] = stored
    return outcomes


_TRACES = """
WITH given AS (
  SELECT given.*, monitor.id AS monitor_id, location.id AS location_id
  FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::check_purpose[]) WITH ORDINALITY
    AS given (monitor, due_at, location, purpose, place)
  JOIN monitor ON monitor.public_id = given.monitor
  JOIN location ON location.code = given.location
), planned AS MATERIALIZED (
  SELECT planned.*, dispatch.purpose
  FROM dispatch, unnest(monitor_ids, due_ats, location_ids) AS planned (monitor_id, due_at, location_id)
  WHERE due_second = ANY ($5::timestamptz[] || '-infinity'::timestamptz) AND (
    (planned.monitor_id, planned.due_at, planned.location_id) IN (SELECT monitor_id, due_at, location_id FROM given)
  ) IS TRUE
)
SELECT place FROM given JOIN planned USING (monitor_id, due_at, location_id, purpose)
UNION
SELECT place FROM given JOIN result USING (monitor_id, due_at, location_id, purpose)
UNION
SELECT place FROM given WHERE purpose = 'scheduled' AND is_folded(monitor_id, location_id, due_at)
UNION
SELECT place FROM given JOIN gap ON gap.monitor_id = given.monitor_id AND gap.from_at = given.due_at
  AND gap.location_id = given.location_id AND gap.purpose = given.purpose
UNION
SELECT place FROM given JOIN gap ON gap.monitor_id = given.monitor_id AND gap.location_id = given.location_id
  AND gap.purpose = given.purpose AND gap.to_at > gap.from_at
  AND given.due_at > gap.from_at AND given.due_at <= gap.to_at
WHERE given.purpose = 'scheduled'
"""
"""Only rounds are missed in ranges. `IS TRUE` makes PostgreSQL find planned checks by a hash lookup: as a join, it was
planned as a loop over a hundred thousand of them for each result, because statistics never know what is in dispatch.
"""


async def _confirm_traced(
    db: Database, results: Sequence[CheckResult], confirmed: list[bool], which: Sequence[int]
) -> None:
    """Mark the results of which there is a trace."""
    if not which:
        return
    doubtful = [results[n] for n in which]
    async with db.connection() as connection:
        rows = await connection.fetch(
            _TRACES,
            [result.monitor_id for result in doubtful],
            [result.due_at for result in doubtful],
            [result.location for result in doubtful],
            [result.purpose.value for result in doubtful],
            list({second_of(result.due_at) for result in doubtful}),
        )
    for row in rows:
        confirmed[which[row["place"] - 1]] = True
