"""What holds for a monitor that has nothing of its own: its customer's, else its organization's. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from controller.decisions.evaluation.policies import Levels, effective
from controller.decisions.evaluation.policy import Policy
from controller.decisions.sql_function import SqlFunction
from controller.model import ScheduledMonitor


class CountryLevels(NamedTuple):
    """The countries that are set at each level; None where none are."""

    monitor: list[str] | None
    customer: list[str] | None
    organization: list[str] | None


def effective_countries(levels: CountryLevels) -> list[str] | None:
    """The first list that is set, from the monitor upwards; None means every country."""
    return next((countries for countries in levels if countries is not None), None)


EFFECTIVE_COUNTRIES = SqlFunction(
    "effective_countries(text[], text[], text[])",
    """
    CREATE OR REPLACE FUNCTION effective_countries(monitor text[], customer text[], organization text[])
    RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT COALESCE(monitor, customer, organization) $$
    """,
)


def policy_fields(policy: Policy) -> dict[str, Any]:
    """The fields of a ScheduledMonitor that depend on the policy that holds for it."""
    return {"in_turn": policy.order == "sequential", "home_votes": policy.voters == "home"}


def with_inherited(fields: dict[str, Any], countries: CountryLevels, levels: Levels) -> ScheduledMonitor:
    """The monitor with these fields of its own."""
    return ScheduledMonitor(
        **fields,
        **policy_fields(effective(levels).policy),
        allowed_check_country_codes=effective_countries(countries),
    )
