"""The acts on a location, each on a page of its own that says what it does before it is done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, PreconditionFailedError, WrongStateError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Location, Principal
from controller.operations.installation import managed_locations as operations
from controller.operations.installation.location_effects import effects_of
from controller.operations.locations import location_with
from controller.pages.locations.effects import Speech, effect_words
from controller.pages.locations.enrolling import enrolled_page, settings_of
from controller.pages.locations.forms import (
    ACTS,
    KEPT,
    NAMES,
    NOT_LET_IN,
    REMOVE_LATER,
    LocationActView,
    LocationRenameForm,
    LocationRotationForm,
    kept_seconds,
)
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import (
    differing,
    form_status,
    problems_of_conflict,
    require_version,
    version_of,
)

_MANAGE = {PERMISSION: Permission.MANAGE_LOCATIONS}
_ONE = "/locations/{code:str}"
_SPEECHES = {
    "rotate": Speech.LOSS,
    "disable": Speech.LOSS,
    "enable": Speech.GAIN,
    "remove": Speech.REMOVAL,
}


@get([f"{_ONE}/{act}" for act in ACTS], opt=_MANAGE)
async def act_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    """What the act does, with its button."""
    return await _act(request, services, principal, code, request.url.path.rpartition("/")[2])


@post(f"{_ONE}/rename", opt=_MANAGE)
async def rename_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    form = await form_of(request, LocationRenameForm)

    def expect(now: Location) -> None:
        require_version(form.version, version_of(LocationRenameForm(name=now.name)))

    try:
        await operations.rename(services.database, principal, code, form.name.strip() or None, expect=expect)
    except (InvalidError, PreconditionFailedError) as error:
        return await _act(request, services, principal, code, "rename", form, error)
    return see_other(request, f"/locations/{code}?done=renamed")


@post(f"{_ONE}/rotate", opt=_MANAGE)
async def rotate_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    """The new enrolment, once."""
    form = await form_of(request, LocationRotationForm)
    try:
        made = await operations.rotate(
            services.database,
            settings_of(services),
            principal,
            code,
            keep=timedelta(seconds=kept_seconds(form)),
            nats_url=form.nats_url.strip() or None,
        )
    except InvalidError as error:
        return await _act(request, services, principal, code, "rotate", form, error)
    return await enrolled_page(request, services, made, again=True)


@post(f"{_ONE}/disable", opt=_MANAGE)
async def disable_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    await operations.switch(services.database, principal, code, enabled=False)
    return see_other(request, f"/locations/{code}?done=disabled")


@post(f"{_ONE}/enable", opt=_MANAGE)
async def enable_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    await operations.switch(services.database, principal, code, enabled=True)
    return see_other(request, f"/locations/{code}?done=enabled")


@post(f"{_ONE}/remove", opt=_MANAGE)
async def remove_location(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    """The page that says why not when it is enabled again by now."""
    try:
        await operations.remove(services.database, principal, code)
    except WrongStateError as error:
        return await _act(request, services, principal, code, "remove", error=error)
    return see_other(request, "/locations?done=removed")


async def _act(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    code: str,
    act: str,
    form: msgspec.Struct | None = None,
    error: InvalidError | WrongStateError | PreconditionFailedError | None = None,
) -> Response[bytes]:
    """Raises ForbiddenError, NotFoundError."""
    await operations.require_manager(services.database, principal)
    here = (await location_with(services.database, principal, code)).location
    possible = act != "remove" or not here.enabled
    sentences = ACTS[act].paragraphs(here) if possible else [REMOVE_LATER.format(code=code)]
    if act == "rotate" and not here.enabled:
        sentences.append(NOT_LET_IN)
    effects = await effects_of(services.database, principal, code) if act in _SPEECHES and possible else None
    kept = LocationRenameForm(name=here.name) if act == "rename" else LocationRotationForm()
    values = values_of(form or kept)
    problems = problems_of(error, list(values), NAMES) if isinstance(error, InvalidError) else {}
    if isinstance(error, PreconditionFailedError):
        problems = problems_of_conflict("this location", differing(values, {"name": here.name}), {"name": here.name})
    if form is None or isinstance(error, PreconditionFailedError):
        values["version"] = version_of(kept)
    usual = services.enrolment.nats_url.value if services.enrolment else ""
    view = LocationActView(
        code=code,
        act=act,
        sentences=sentences,
        effects=effect_words(effects, here, _SPEECHES[act]) if effects else None,
        button=ACTS[act].button,
        danger=ACTS[act].danger,
        possible=possible,
        form=values,
        problems=problems,
        kept=KEPT,
        url=here.nats_url or usual,
    )
    return await page(
        request,
        "locations/act.html",
        view,
        title=ACTS[act].title.format(code=code),
        section="locations",
        status=form_status(error),
    )


ROUTES: list[ControllerRouterHandler] = [
    act_page,
    rename_location,
    rotate_location,
    disable_location,
    enable_location,
    remove_location,
]
