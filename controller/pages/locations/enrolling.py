"""`/locations/new`: add a location. The answer shows its enrolment once, and then waits for its first agent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import AlreadyExistsError, DomainError, InvalidError
from controller.http.auth import PERMISSION
from controller.http.problems import status_of
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.off_loop import off_loop
from controller.operations.installation import managed_locations as operations
from controller.operations.installation.managed_locations import Enrolled
from controller.operations.locations import location_with
from controller.pages.locations.enrolled import enrolled_view, is_near, waiting_view
from controller.pages.locations.forms import (
    NAMES,
    NewLocationForm,
    NewLocationView,
    country_options,
    new_location_of,
)
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import base_of, html, page
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.templates import render
from controller.settings import EnrolmentSettings

_MANAGE = {PERMISSION: Permission.MANAGE_LOCATIONS}


@get("/locations/new", opt=_MANAGE)
async def new_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The form; a link to it may fill in fields, as that of a removed location does."""
    await operations.require_manager(services.database, principal)
    known = {field.name for field in msgspec.structs.fields(NewLocationForm)}
    given = {name: text for name, text in request.query_params.items() if name in known}
    return await _form(request, services, NewLocationForm(**given), {}, HTTPStatus.OK)


@post("/locations/new", opt=_MANAGE)
async def add_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Not a redirect, because the enrolment stands in no address and is shown once."""
    form = await form_of(request, NewLocationForm)
    try:
        made = await operations.enrol(services.database, settings_of(services), principal, new_location_of(form))
    except AlreadyExistsError as error:
        return await _form(request, services, form, {"code": str(error)}, status_of(error))
    except InvalidError as error:
        return await _form(request, services, form, _problems(error), status_of(error))
    return await enrolled_page(request, services, made, again=False)


@get("/locations/{code:str}/waiting", opt=_MANAGE)
async def waiting_for_agent(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    """A piece of the page of a new enrolment, for its script."""
    keys = await operations.keys_of(services.database, principal, code)
    view = waiting_view(await location_with(services.database, principal, code), keys)
    return html(request, render("locations/waiting.html", view=view, base=base_of(request), code=code))


async def enrolled_page(
    request: Request[Any, Any, Any], services: Services, made: Enrolled, *, again: bool
) -> Response[bytes]:
    """The enrolment, once, with the commands that use it. It must not be fetched anew, so it is not live."""
    url = made.location.nats_url or settings_of(services).nats_url.value
    view = await off_loop(enrolled_view, made, url, again=again)
    title = f"{'New enrolment' if again else 'Enrolment'} of {made.location.code}"
    return await page(request, "locations/enrolled.html", view, title=title, section="locations")


def settings_of(services: Services) -> EnrolmentSettings:
    """Raises LookupError in a process that cannot enrol."""
    if services.enrolment is None:
        raise LookupError("this process was given no keys to enrol locations with")
    return services.enrolment


def _problems(error: DomainError) -> dict[str, str]:
    return problems_of(error, [field.name for field in msgspec.structs.fields(NewLocationForm)], NAMES)


async def _form(
    request: Request[Any, Any, Any],
    services: Services,
    form: NewLocationForm,
    problems: dict[str, str],
    status: HTTPStatus,
) -> Response[bytes]:
    url = settings_of(services).nats_url.value
    view = NewLocationView(
        form=values_of(form), problems=problems, countries=country_options(), usual_url=url, near=is_near(url)
    )
    return await page(request, "locations/new.html", view, title="Add a location", section="locations", status=status)


ROUTES: list[ControllerRouterHandler] = [new_location, add_location, waiting_for_agent]
