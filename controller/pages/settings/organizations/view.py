"""What the pages of an organization show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.decisions.evaluation.policy import PRESETS
from controller.model import Location
from controller.operations.accounts.retention import OrganizationRetention
from controller.operations.accounts.settings import OrganizationSettings
from controller.pages.settings.organizations.forms import (
    BOXES,
    DEFAULTS,
    ORGANIZATION,
    RETENTION,
    stored_forms,
)
from controller.pages.shell.problems import values_of
from controller.pages.shell.versions import BOX, differing, problems_of_conflict, version_of
from controller.pages.words.policies import PRESET_NAMES, opens_when

_UNSEEN = frozenset({"version", "confirmed"})
_THINGS = {
    ORGANIZATION: "the organization",
    DEFAULTS: "these defaults",
    RETENTION: "how long history is kept",
}

DONE = {
    "organization": "The organization was saved.",
    "defaults": "The defaults were saved.",
    "retention": "Saved how long history is kept.",
    "shorter": "Saved. What is to be removed is removed in a day; until then it can be taken back here.",
    "added": "The organization was added, with a customer of the name Default. Choose it to work in it.",
}


class KeptHistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """How long history is kept now, and what will be removed when; `takes_effect_at` None is nothing."""

    results_days: int
    results_since: datetime
    passed_days: int
    passed_since: datetime
    rollups_months: int
    rollups_since: datetime
    then_days: int
    then_passed_days: int
    then_months: int
    takes_effect_at: datetime | None
    results_removed: int
    rollups_removed: int


class OrganizationSettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """`form` has the fields of all forms of the page, `versions` say what each was drawn from, and `wrong` names the
    one that was refused.
    """

    form: dict[str, Any]
    versions: dict[str, str]
    problems: dict[str, str]
    wrong: str
    kept: KeptHistoryView
    locations: list[tuple[str, str, str]]
    homes: list[tuple[str, str]]
    modes: list[tuple[str, str]]
    done: str


class ShorteningView(msgspec.Struct, frozen=True, kw_only=True):
    """What less history would remove, before it is removed."""

    form: dict[str, Any]
    kept: KeptHistoryView
    done: str = ""


class OrganizationRow(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    name: str
    customers: int
    people: int
    monitors: int
    created_at: datetime
    chosen: bool


class OrganizationsView(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[OrganizationRow]
    following: str | None
    form: dict[str, Any]
    problems: dict[str, str]
    done: str


def kept_view(retention: OrganizationRetention) -> KeptHistoryView:
    kept, then = retention.kept, retention.then or retention.kept
    return KeptHistoryView(
        results_days=kept.results_days,
        results_since=retention.results_since,
        passed_days=kept.blocks_days,
        passed_since=retention.blocks_since,
        rollups_months=kept.rollups_months,
        rollups_since=retention.rollups_since,
        then_days=then.results_days,
        then_passed_days=then.blocks_days,
        then_months=then.rollups_months,
        takes_effect_at=retention.takes_effect_at,
        results_removed=retention.removed.results,
        rollups_removed=retention.removed.rollups,
    )


def organization_settings_view(
    found: OrganizationSettings,
    locations: Sequence[Location],
    *,
    form: dict[str, Any],
    problems: dict[str, str],
    wrong: str,
    conflict: bool,
    done: str,
) -> OrganizationSettingsView:
    """`form` is what was typed into the form that was refused; `conflict`: because somebody else changed the same."""
    forms = stored_forms(found, locations)
    stored = {name: value for one in forms.values() for name, value in values_of(one).items()}
    versions = {name: version_of(one) for name, one in forms.items()}
    if conflict:
        own = {name: value for name, value in values_of(forms[wrong]).items() if name not in _UNSEEN}
        problems = problems_of_conflict(_THINGS[wrong], differing(form, own), own, _words(locations))
    elif wrong:
        versions[wrong] = form["version"]
    return OrganizationSettingsView(
        form=stored | form,
        versions=versions,
        problems=problems,
        wrong=wrong,
        kept=kept_view(found.retention),
        locations=[(one.code, one.code, f"{one.name}, {one.country_code}") for one in locations],
        homes=_homes(locations),
        modes=_modes(),
        done=done,
    )


def _homes(locations: Sequence[Location]) -> list[tuple[str, str]]:
    return [("", "the first of them"), *((one.code, f"{one.code} ({one.name})") for one in locations)]


def _modes() -> list[tuple[str, str]]:
    return [(mode.value, f"{name}: {opens_when(PRESETS[mode])}") for mode, name in PRESET_NAMES.items()]


def _words(locations: Sequence[Location]) -> dict[str, dict[str, str]]:
    """What values of the forms are called, by field."""
    return {
        **{name: dict(BOX) for name in BOXES},
        "home_location": dict(_homes(locations)),
        "policy_preset": dict(_modes()),
    }
