"""`/monitors/trials`: try what the form of a monitor says, and read what came of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.kinds import kind_named
from controller.operations.trials import begin_trial, get_trial
from controller.pages.monitor_form.names import form_problems, offered
from controller.pages.monitor_form.reading import kind_of, reading_of
from controller.pages.shell.forms import fields_of
from controller.pages.shell.page import page, see_other
from controller.pages.trial.view import WrongTrialView, trial_view
from shared.nats.errors import BusError

_TITLE = "Try it before saving"
_NO_BROKER = "It cannot be tried now, because NATS does not answer. Try again in a moment."


@post("/monitors/trials", opt={PERMISSION: Permission.CREATE})
async def begin(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Response[bytes]:
    """Takes the form of a monitor. What is wrong with it is said by field; nothing of it is stored."""
    fields = await fields_of(request)
    problems: dict[str, str]
    try:
        kind = kind_of(fields)
    except InvalidError as error:
        kind, problems = kind_named(offered()[0]), {"kind": error.rule}
    else:
        try:
            reading = reading_of(fields)
            begun = await begin_trial(
                services.database,
                services.dispatcher,
                principal,
                reading.target,
                reading.countries,
                reading.timeout,
            )
            return see_other(request, f"/monitors/trials/{begun.trial.id}")
        except InvalidError as error:
            problems = form_problems(error, kind)
        except BusError:
            problems = {"": _NO_BROKER}
    view = WrongTrialView(problems=problems)
    return await page(
        request, "trial/wrong.html", view, title=_TITLE, section="overview", status=HTTPStatus.BAD_REQUEST
    )


@get("/monitors/trials/{trial_id:uuid}", opt={PERMISSION: Permission.READ})
async def trial_page(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    trial_id: FromPath[UUID],
) -> Response[bytes]:
    """As far as it is. It is fetched again until it is done."""
    view = trial_view(await get_trial(services.database, principal, trial_id))
    return await page(request, "trial/page.html", view, title=_TITLE, section="overview")


ROUTES: list[ControllerRouterHandler] = [begin, trial_page]
