"""`/monitors/many`: choose what to do, see what will happen, do it."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import ForbiddenError, InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.monitors.many import change_many
from controller.operations.overview import overview
from controller.operations.overview.query import OverviewQuery, read_query
from controller.pages.many.acts import ACTS, ManyMonitorsForm, acts_of, change_of
from controller.pages.many.meant import meant_by
from controller.pages.many.outcome import filter_after, outcome_view
from controller.pages.many.view import in_words, many_view, preview_of
from controller.pages.overview.view import matching_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page
from shared.clock import utc_now

_TITLE = "Change several monitors"


@get("/monitors/many", opt={PERMISSION: Permission.CHANGE})
async def choose(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Which monitors are meant, and what can be done with them."""
    query = read_query(request.url.query)
    draw = await _drawing(services, principal, query)
    return await _page(request, draw(form=ManyMonitorsForm()))


@post("/monitors/many", opt={PERMISSION: Permission.CHANGE})
async def change(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Say what will happen; do it when that was said, and is still so. What was done is answered with the page itself:
    it names the monitors, also those that are deleted, and no address can hold so many.
    """
    query = read_query(request.url.query)
    form = await form_of(request, ManyMonitorsForm)
    if form.act in ACTS and form.act not in acts_of(principal):
        raise ForbiddenError
    draw = await _drawing(services, principal, query)
    try:
        meant, _ = await meant_by(services, principal, query.filter)
        what = change_of(form, await _countries(services, principal))
        plan = await change_many(services.database, principal, meant, what.change, dry_run=True)
    except InvalidError as error:
        return await _page(request, draw(form=form, error=error), HTTPStatus.BAD_REQUEST)
    preview = await off_loop(preview_of, form, what.meaning, plan)
    if form.drawn not in ("", preview.drawn):
        return await _page(request, draw(form=form, preview=preview, moved=True), HTTPStatus.CONFLICT)
    if not form.drawn or not preview.button:
        return await _page(request, draw(form=form, preview=preview))
    shown = [one.public_id for one in plan.monitors if one.id in plan.changed]
    try:
        # By their ids: a monitor that matches only since then was not shown.
        done = await change_many(services.database, principal, shown, what.change, dry_run=False)
    except InvalidError as error:
        return await _page(request, draw(form=form, error=error), HTTPStatus.CONFLICT)
    view = outcome_view(
        what.done,
        plan.monitors,
        done.changed,
        deleted=what.change.delete,
        found=await _list_after(services, principal, query, form),
        back=query.link(),
    )
    return await page(request, "many/done.html", view, title=view.words, section="overview")


async def _list_after(
    services: Services, principal: Principal, query: OverviewQuery, form: ManyMonitorsForm
) -> tuple[str, int]:
    """The path of the list that has the changed monitors in it, and how many it has."""
    after = msgspec.structs.replace(query, filter=filter_after(query.filter, form))
    found = await overview.find_monitors(services.database, principal, after.filter, utc_now())
    return after.link(), matching_of(after.filter, found)


async def _drawing(services: Services, principal: Principal, query: OverviewQuery) -> Any:
    """`many_view` with all that is the same whatever the form says."""
    _, customer = await meant_by(services, principal, query.filter)
    found = await overview.find_monitors(services.database, principal, query.filter, utc_now())
    return partial(
        many_view,
        query=query.written(),
        back=query.link(),
        matching=matching_of(query.filter, found),
        chosen=list(in_words(query.filter, customer.name if customer else "")),
        acts=acts_of(principal),
        countries=await _countries(services, principal),
    )


async def _countries(services: Services, principal: Principal) -> list[str]:
    found = await overview.read_troubles(services.database, principal)
    return sorted({here.country for here in found.locations if here.enabled})


async def _page(request: Request[Any, Any, Any], view: Any, status: HTTPStatus = HTTPStatus.OK) -> Response[bytes]:
    return await page(request, "many/page.html", view, title=_TITLE, section="overview", status=status)


ROUTES: list[ControllerRouterHandler] = [choose, change]
