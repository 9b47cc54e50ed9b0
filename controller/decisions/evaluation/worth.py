"""Which results and which missing checks are worth an evaluation. Pure.

While a monitor is stable (decisions.evaluation.state), a passing check would change nothing, so none is evaluated. Once
an evaluation is noted, every further outcome of its checks is, since it waits for them.
"""

from __future__ import annotations

from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.sql_function import SqlFunction
from shared.wire.messages import ResultStatus


def is_result_worth(
    *, stable: bool | None, noted: bool, is_retry: bool, status: ResultStatus, warned: bool, was_blind: bool | None
) -> bool:
    """`stable` is None for a monitor that was never evaluated, as is `was_blind`, which says whether the location was
    blind in the latest evaluation. `noted`: the evaluation is noted already; `is_retry`: a failed check was tried
    again.
    """
    if not stable or noted or is_retry or warned:
        return True
    return status is ResultStatus.FAILURE or (status is ResultStatus.UNKNOWN) is not bool(was_blind)


RESULT_WORTH = SqlFunction(
    "is_result_worth(boolean, boolean, boolean, check_status, boolean, boolean)",
    """
CREATE OR REPLACE FUNCTION is_result_worth(
  stable boolean, noted boolean, is_retry boolean, status check_status, warned boolean, was_blind boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT stable IS NOT TRUE OR noted OR is_retry OR warned OR status = 'failure'
    OR (status = 'unknown') <> (was_blind IS TRUE)
$$
""",
)
"""is_result_worth in SQL."""


def is_gap_worth(*, verdict: VerdictKind | None, stable: bool | None, noted: bool, was_blind: bool | None) -> bool:
    """Whether a missing check is. That a location is blind is no news if it was, or if the verdict is unknown anyway.
    `verdict`, `stable` and `was_blind` are None for a monitor that was never evaluated.
    """
    if noted or stable is None:
        return True
    return not was_blind if stable else verdict is not VerdictKind.UNKNOWN


GAP_WORTH = SqlFunction(
    "is_gap_worth(text, boolean, boolean, boolean)",
    """
CREATE OR REPLACE FUNCTION is_gap_worth(
  verdict text, stable boolean, noted boolean, was_blind boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT noted OR CASE
    WHEN stable IS NULL THEN true
    WHEN stable THEN was_blind IS NOT TRUE
    ELSE COALESCE(verdict <> 'unknown', true)
  END
$$
""",
)
"""is_gap_worth in SQL."""
