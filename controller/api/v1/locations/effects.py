"""`GET /api/v1/locations/{code}/effects`: what a location means for monitors, before it is disabled or removed."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import get
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.locations.reading import PATH, TAGS, Code
from controller.decisions.access import Permission
from controller.decisions.schedule.location_effects import MOST_NAMED, LocationEffects
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.installation.location_effects import effects_of
from shared.wire.targets import KINDS


class UncheckedMonitorItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor that only this location may check."""

    id: UUID
    name: str
    kind: str


class CountryLossItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Monitors that are checked from one country less without the location."""

    countries: Annotated[int, Meta(description="From how many countries they are checked with the location.")]
    monitors: Annotated[int, Meta(description="How many monitors these are.")]


class LocationEffectsAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What differs for monitors between this location enabled and disabled, all other locations as they are now."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "monitors": 16,
        "unchecked": 2,
        "uncheckedMonitors": [
            {"id": "0c5a34e1-46b1-4ff6-9d07-8e70ac0a3d4a", "name": "Hotel reservations", "kind": KINDS[0]},
            {"id": "f2a7d6d3-6f5b-4b57-9a61-6b5f5f3f5e0d", "name": "Hotel mailboxes", "kind": KINDS[0]},
        ],
        "fewerCountries": [{"countries": 3, "monitors": 14}],
    }

    monitors: Annotated[int, Meta(description="How many monitors this location may check, of those not disabled.")]
    unchecked: Annotated[int, Meta(description="How many of them no other enabled location may check.")]
    unchecked_monitors: Annotated[
        list[UncheckedMonitorItem], Meta(description=f"The first {MOST_NAMED} of these that you may see, by name.")
    ]
    fewer_countries: Annotated[
        list[CountryLossItem],
        Meta(
            description="Those that other locations may check, but none of its country, by their number of countries."
        ),
    ]


@get(
    f"{PATH}/{{code:str}}/effects",
    operation_id="getLocationEffects",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Read what a location means for monitors",
    description="What its monitors lose when it is disabled or removed, and gain when it is enabled. It counts the"
    " monitors that you may see, and those of all organizations for whoever may change locations.",
    responses={
        200: answers(LocationEffectsAnswer, "The effects", LocationEffectsAnswer.EXAMPLE),
        **problems(s404="Not found"),
    },
)
async def get_location_effects(
    code: Code,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> LocationEffectsAnswer:
    return _answer(await effects_of(services.database, principal, code))


def _answer(effects: LocationEffects) -> LocationEffectsAnswer:
    return LocationEffectsAnswer(
        monitors=effects.monitors,
        unchecked=effects.unchecked,
        unchecked_monitors=[
            UncheckedMonitorItem(id=one.public_id, name=one.name, kind=one.kind) for one in effects.named
        ],
        fewer_countries=[CountryLossItem(countries=loss.countries, monitors=loss.monitors) for loss in effects.losses],
    )


ROUTES: list[ControllerRouterHandler] = [get_location_effects]
BODIES = (LocationEffectsAnswer,)
