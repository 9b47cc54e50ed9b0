"""The rules that stand in Python and in SQL: their SQL functions are made after the migrations, and never differ from
this version's.
"""

from __future__ import annotations

from controller.decisions.acknowledgement import IS_ACKNOWLEDGED
from controller.decisions.evaluation.blindness import BLIND_UNTIL
from controller.decisions.evaluation.late import HISTORY_AT, LATE_AT
from controller.decisions.evaluation.ripe import RIPE_AT
from controller.decisions.evaluation.worth import GAP_WORTH, RESULT_WORTH
from controller.decisions.history import histogram, rerolls, scale, stored_figures, unfolded, unfolding, uptime, varying
from controller.decisions.maintenance.by_status import SET_STATUS
from controller.decisions.monitors import display, inherited
from controller.decisions.notification.receiver_key import RECEIVER_KEY
from controller.decisions.schedule.rotation import MAY_CHECK, MAY_ROTATE
from controller.decisions.schedule.rounds import IS_DUE
from controller.decisions.sql_function import SqlFunction
from controller.store.platform.pool import Connection

RULES: tuple[SqlFunction, ...] = (
    RECEIVER_KEY,
    IS_ACKNOWLEDGED,
    inherited.EFFECTIVE_COUNTRIES,
    display.DISPLAY_STATE,
    SET_STATUS,
    display.BADNESS,
    histogram.BIN_OF,
    scale.MS_OF,
    unfolded.UNFOLDED_PHASES,
    varying.VARYING_VALUE,
    varying.VARYING_TEXT,
    varying.VARYING_FACTS,
    unfolded.IS_FOLDED,
    unfolded.NEWEST_SINCE,
    unfolded.OLDEST_UNTIL,
    unfolding.RESULTS_OF,
    unfolding.FOLDED_BETWEEN,
    stored_figures.FIGURES_WITHIN,
    rerolls.HOURS_OF_OUTAGE,
    rerolls.REDO_HOURS_OF_OUTAGE,
    rerolls.HOURS_AFTER,
    uptime.ESTIMATED_TIMES,
    LATE_AT,
    HISTORY_AT,
    RIPE_AT,
    RESULT_WORTH,
    GAP_WORTH,
    BLIND_UNTIL,
    IS_DUE,
    MAY_CHECK,
    MAY_ROTATE,
)
"""In the order in which they are made: a function comes after those that it calls."""


async def make(connection: Connection) -> list[str]:
    """Make the functions that are missing or differ, and return their signatures. Those of earlier versions stay: a
    controller of such a version may still run while this one is put in its place.
    """
    async with connection.transaction():
        stored = await _stored(connection)
        changed = [rule for rule in RULES if stored.get(rule.signature) != rule.definition]
        for rule in changed:
            await connection.execute(rule.definition)
        await connection.executemany(
            "INSERT INTO rule_function (signature, definition) VALUES ($1, $2)"
            " ON CONFLICT (signature) DO UPDATE SET definition = EXCLUDED.definition",
            changed,
        )
    return sorted(rule.signature for rule in changed)


async def differing(connection: Connection) -> list[str]:
    """The signatures of functions that are missing, or differ from this version's."""
    stored = await _stored(connection)
    return [rule.signature for rule in RULES if stored.get(rule.signature) != rule.definition]


async def _stored(connection: Connection) -> dict[str, str]:
    rows = await connection.fetch("SELECT signature, definition FROM rule_function")
    return {row["signature"]: row["definition"] for row in rows}
