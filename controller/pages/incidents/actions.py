"""What people do about an incident: acknowledge it, comment on it, resolve it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.acknowledgement import Lasts
from controller.errors import AlreadyEndedError, ForbiddenError, InvalidError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.incidents.incident_groups import place_in_group
from controller.operations.incidents.incident_handling import acknowledge, comment_on, resolve
from controller.operations.incidents.incidents import IncidentDetails, get_incident
from controller.operations.incidents.notified import notified_of
from controller.operations.on_call.incident_steps import incident_steps
from controller.pages.incidents.view import IncidentForm, incident_view, titles
from controller.pages.incidents.waiting import steps_view
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import own_path, page, see_other
from shared.clock import utc_now

_ENDED = "Somebody resolved this incident before you. What you wrote is below: you can still add it as a comment."


class CommentForm(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the path of ours to return to; the incident's own when empty."""

    comment: str = ""
    next: str = ""


class AcknowledgeForm(msgspec.Struct, frozen=True, kw_only=True):
    """`lasts` is for how long; lists acknowledge with one button, until it is resolved."""

    comment: str = ""
    lasts: Lasts = msgspec.field(default=Lasts.RESOLVED, name="for")
    next: str = ""


class ResolveForm(msgspec.Struct, frozen=True, kw_only=True):
    reason: str = ""
    next: str = ""


@post("/incidents/{public_id:str}/acknowledge", opt={PERMISSION: Permission.HANDLE_INCIDENTS})
async def acknowledge_incident(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Take the incident. When somebody has it already, a comment is added all the same."""
    form = await form_of(request, AcknowledgeForm)
    number, text = public_id_of(public_id), _lines(form.comment)
    details = await _visible(services, principal, number)
    taken = details.incident.acknowledged_at is not None and details.incident.resolved_at is None
    try:
        if taken and text.strip():
            await comment_on(services.database, principal, number, text, utc_now())
        else:
            await acknowledge(services.database, principal, number, text, utc_now(), lasts=form.lasts)
    except (InvalidError, AlreadyEndedError) as error:
        return await _refused(request, services, principal, number, error, "acknowledge", text, form.next)
    return _back(request, number, form.next)


@post("/incidents/{public_id:str}/comment", opt={PERMISSION: Permission.HANDLE_INCIDENTS})
async def comment_on_incident(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Add a comment, also to an incident that is resolved."""
    form = await form_of(request, CommentForm)
    number, text = public_id_of(public_id), _lines(form.comment)
    await _visible(services, principal, number)
    try:
        await comment_on(services.database, principal, number, text, utc_now())
    except InvalidError as error:
        return await _refused(request, services, principal, number, error, "comment", text, form.next)
    return _back(request, number, form.next)


@post("/incidents/{public_id:str}/resolve", opt={PERMISSION: Permission.HANDLE_INCIDENTS})
async def resolve_incident(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """End the incident by hand, with a reason."""
    form = await form_of(request, ResolveForm)
    number, text = public_id_of(public_id), _lines(form.reason)
    await _visible(services, principal, number)
    try:
        await resolve(services.database, principal, number, text, utc_now())
    except (InvalidError, AlreadyEndedError) as error:
        return await _refused(request, services, principal, number, error, "resolve", text, form.next)
    return _back(request, number, form.next)


ACTIONS: list[ControllerRouterHandler] = [acknowledge_incident, comment_on_incident, resolve_incident]


async def incident_page(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    public_id: UUID,
    form: IncidentForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[bytes]:
    """The page of an incident, with a refused form where there is one. Raises NotFoundError, ForbiddenError."""
    now = utc_now()
    details = await get_incident(services.database, principal, public_id, now)
    notified = await notified_of(services.database, principal, public_id)
    steps = await incident_steps(services.database, principal, public_id, now)
    view = await off_loop(incident_view, details, notified, now, form)
    place = await place_in_group(services.database, principal, public_id)
    view = msgspec.structs.replace(view, waits=steps_view(steps), place=place)
    return await page(
        request,
        "incidents/incident.html",
        view,
        title=titles(view),
        section="incidents",
        live=form is None,
        status=status,
        now=now,
    )


def public_id_of(text: str) -> UUID:
    """Raises NotFoundError for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError("There is no such incident.") from None


async def _visible(services: Services, principal: Principal, public_id: UUID) -> IncidentDetails:
    """The incident. Raises NotFoundError also for another customer's, so that nobody learns that it exists."""
    try:
        return await get_incident(services.database, principal, public_id, utc_now())
    except ForbiddenError:
        raise NotFoundError("There is no such incident.") from None


async def _refused(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    public_id: UUID,
    error: InvalidError | AlreadyEndedError,
    action: str,
    text: str,
    following: str,
) -> Response[bytes]:
    ended = isinstance(error, AlreadyEndedError)
    form = IncidentForm(
        action="comment" if ended else action,
        problem=_ENDED if ended else f"The {error}.",
        text=text,
        next=own_path(following) if following else "",
    )
    status = HTTPStatus.CONFLICT if ended else HTTPStatus.BAD_REQUEST
    return await incident_page(request, services, principal, public_id, form, status)


def _lines(text: str) -> str:
    """Browsers send line ends as two characters."""
    return text.replace("\r\n", "\n")


def _back(request: Request[Any, Any, Any], public_id: UUID, following: str) -> Response[bytes]:
    return see_other(request, own_path(following) if following else f"/incidents/{public_id}")
