"""`/api/v3/account-defaults`: the values that a new monitor gets for fields that are not sent."""

from __future__ import annotations

import msgspec
from litestar import get, patch
from litestar.params import JSONBody

from controller.api.compat.alertsite.account_defaults.bodies import EXAMPLE, DefaultsBody, DefaultsObject
from controller.api.compat.alertsite.account_defaults.fields import Locations, default_values
from controller.api.compat.alertsite.bodies import StrictJsonBody, sent
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.locations import location_brief, numbered
from controller.decisions.access import Permission
from controller.decisions.monitors.defaults import AccountDefaults
from controller.decisions.schedule.rotation import chosen
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import defaults as account
from controller.store.locations.locations import all_locations

BODIES = (DefaultsBody, DefaultsObject)


@get(
    "/api/v3/account-defaults",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    operation_id="alertsiteGetAccountDefaults",
    summary="Get the defaults of new monitors",
    responses={200: answers(DefaultsObject, "The defaults", EXAMPLE), **refusals(s403="Forbidden")},
)
async def get_account_defaults(services: GivenServices, principal: GivenPrincipal) -> DefaultsObject:
    locations = numbered(await all_locations(services.database))
    return _defaults(await account.defaults(services.database, principal), locations)


@patch(
    "/api/v3/account-defaults",
    dto=StrictJsonBody[DefaultsBody],
    return_dto=None,
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    security=SECURITY,
    tags=TAGS,
    operation_id="alertsiteUpdateAccountDefaults",
    summary="Change the defaults of new monitors",
    responses={
        200: answers(DefaultsObject, "The defaults as they are now", EXAMPLE),
        **refusals(
            body=True, s400="invalid_request - interval must be a whole number from 1 to 1440", s403="Forbidden"
        ),
    },
)
async def change_account_defaults(
    data: JSONBody[DefaultsBody], services: GivenServices, principal: GivenPrincipal
) -> DefaultsObject:
    locations = numbered(await all_locations(services.database))
    values = default_values(sent(data), locations)
    return _defaults(await account.change_defaults(services.database, principal, values), locations)


def _defaults(defaults: AccountDefaults, locations: Locations) -> DefaultsObject:
    values = msgspec.structs.asdict(defaults)
    listed = [
        location_brief(here)
        for here in chosen(locations.values(), defaults.locations, None)
        if here.enabled or defaults.locations
    ]
    return DefaultsObject(**{**values, "locations": listed})
