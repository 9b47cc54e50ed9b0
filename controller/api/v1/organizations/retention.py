"""`/api/v1/organizations/{id}`: how long an organization's history is kept."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, patch
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, refusals
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.operations.accounts import retention
from controller.operations.accounts.retention import OrganizationRetention, RetentionChange
from shared.clock import utc_now

ID_REQUIRED = "Organization public ID (UUID) required"
_DRY_RUN = Meta(description="Change nothing, and answer what would be removed.")


class RetentionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values, at most what the installation keeps; null is as much as that. What is left out stays as it is."""

    keep_results_days: Annotated[int, Meta(ge=1)] | UnsetType | None = UNSET
    keep_rollups_months: Annotated[int, Meta(ge=1)] | UnsetType | None = UNSET
    dry_run: Annotated[bool, _DRY_RUN] = False


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept now: results since one moment, summaries of hours and days since another."""

    results_days: int
    rollups_months: int
    results_since: Timestamp
    rollups_since: Timestamp


class ShorteningAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept from `takesEffectAt` on. About so many results and summaries (one for each monitor, location and
    hour or day) are removed then.
    """

    results_days: int
    rollups_months: int
    takes_effect_at: Timestamp
    results_removed: int
    rollups_removed: int


class OrganizationRetentionAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`keepResultsDays` and `keepRollupsMonths` are the organization's own choice; null is as the installation. `kept`
    is what holds now, and `shortening` what will hold, null when nothing is to be removed.
    """

    id: UUID
    name: str
    keep_results_days: int | None
    keep_rollups_months: int | None
    kept: KeptAnswer
    shortening: ShorteningAnswer | None


BODIES = (RetentionBody, OrganizationRetentionAnswer)

EXAMPLE: dict[str, Any] = {
    "id": "55555555-5555-4555-8555-555555555555",
    "name": "Example",
    "keepResultsDays": 7,
    "keepRollupsMonths": None,
    "kept": {
        "resultsDays": 30,
        "rollupsMonths": 24,
        "resultsSince": "2025-12-02T00:00:00.000Z",
        "rollupsSince": "2024-01-01T00:00:00.000Z",
    },
    "shortening": {
        "resultsDays": 7,
        "rollupsMonths": 24,
        "takesEffectAt": "2026-01-02T12:00:00.000Z",
        "resultsRemoved": 1_987_200,
        "rollupsRemoved": 0,
    },
}
_PATH = "/api/v1/organizations/{public_id:str}"
_TAGS = ["Organizations"]
_ANSWER = answers(OrganizationRetentionAnswer, "The organization, and how long its history is kept", EXAMPLE)


@get(
    _PATH,
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="How long an organization's history is kept",
    responses={200: _ANSWER, **refusals(s400=ID_REQUIRED, s403="Forbidden", s404="Not found")},
)
async def get_organization_retention(
    public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> OrganizationRetentionAnswer:
    identifier = monitor_public_id(public_id, message=ID_REQUIRED)
    return _answer(await retention.get_retention(services.database, principal, identifier, utc_now()))


@patch(
    _PATH,
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[RetentionBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change how long an organization's history is kept",
    description="A shorter time takes effect after 24 hours, in which it can be taken back; operators are notified.",
    responses={200: _ANSWER, **refusals(body=True, s400=ID_REQUIRED, s403="Forbidden", s404="Not found")},
)
async def change_organization_retention(
    public_id: PublicId, data: JSONBody[RetentionBody], services: GivenServices, principal: GivenPrincipal
) -> OrganizationRetentionAnswer:
    identifier = monitor_public_id(public_id, message=ID_REQUIRED)
    change = RetentionChange(results_days=data.keep_results_days, rollups_months=data.keep_rollups_months)
    return _answer(
        await retention.change_retention(
            services.database, principal, identifier, change, dry_run=data.dry_run, now=utc_now()
        )
    )


def _answer(found: OrganizationRetention) -> OrganizationRetentionAnswer:
    shortening = None
    if found.then is not None and found.takes_effect_at is not None:
        shortening = ShorteningAnswer(
            results_days=found.then.results_days,
            rollups_months=found.then.rollups_months,
            takes_effect_at=timestamp(found.takes_effect_at),
            results_removed=found.removed.results,
            rollups_removed=found.removed.rollups,
        )
    return OrganizationRetentionAnswer(
        id=found.organization.public_id,
        name=found.organization.name,
        keep_results_days=found.chosen.results_days,
        keep_rollups_months=found.chosen.rollups_months,
        kept=KeptAnswer(
            results_days=found.kept.results_days,
            rollups_months=found.kept.rollups_months,
            results_since=timestamp(found.results_since),
            rollups_since=timestamp(found.rollups_since),
        ),
        shortening=shortening,
    )


ROUTES: list[ControllerRouterHandler] = [get_organization_retention, change_organization_retention]
