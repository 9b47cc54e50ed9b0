"""`/ack/{token}`: the page behind the link of a message. The token is the permission, so there is no login and no token
of a form: a page of another site that does not know it can do nothing, and one that knows it may do the same itself.

Programs open every link of a mail, and some submit every form: only a POST that says for how long acknowledges, and no
form says it by itself.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.acknowledgement import Lasts
from controller.errors import DomainError, InvalidError, LimitedError
from controller.http.auth import PERMISSION, address_of
from controller.http.problem_details import PROBLEM_JSON, details
from controller.http.problems import status_of
from controller.http.services import GivenServices, Services
from controller.model.values.json_rules import breach_of
from controller.off_loop import off_loop
from controller.operations.incidents.answered_messages import read_message, take_from_message
from controller.pages.acknowledging.view import message_document, message_view, taken_document, title_of
from controller.pages.shell.errors import failed
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import HEADERS, page, see_other
from shared.clock import utc_now

_OPEN_TO_ALL = {PERMISSION: Permission.PUBLIC}
_NO_REFERRER = {"Referrer-Policy": "no-referrer"}
# Actions of messages run in pages of other sites too, which may learn what became of theirs.
_PROGRAMS = {**HEADERS, **_NO_REFERRER, "Access-Control-Allow-Origin": "*"}
_CHOOSE = "is required: 30m, 2h or resolved"


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lasts` has no default: who answers must choose."""

    lasts: str = msgspec.field(default="", name="for")
    comment: str = ""


@get("/ack/{token:str}", opt=_OPEN_TO_ALL)
async def show_message(request: Request[Any, Any, Any], services: GivenServices, token: FromPath[str]) -> Response[Any]:
    """What the message is about, who has it, and the form to take it. It changes nothing."""
    if _is_program(request):
        return _answer(message_document(await read_message(services.database, token, utc_now())))
    return await _page(request, services, token)


@post("/ack/{token:str}", opt=_OPEN_TO_ALL, status_code=200)
async def answer_message(
    request: Request[Any, Any, Any], services: GivenServices, token: FromPath[str]
) -> Response[Any]:
    """Take what the message is about, for as long as the form says."""
    form = AnswerForm()
    try:
        form = await _given(request)
        lasts = _lasts(form.lasts)
        comment = form.comment.replace("\r\n", "\n")
        done = await take_from_message(services.database, token, lasts, comment, utc_now(), address=address_of(request))
    except InvalidError as error:
        if _is_program(request):
            raise
        problem = "Choose for how long you take it." if error.field == "for" else f"The {error}."
        return await _page(
            request, services, token, problem=problem, comment=form.comment, status=HTTPStatus.BAD_REQUEST
        )
    if _is_program(request):
        return _answer(taken_document(done))
    answer = see_other(request, f"/ack/{token}")
    answer.headers.update(_NO_REFERRER)
    return answer


async def _page(
    request: Request[Any, Any, Any],
    services: Services,
    token: str,
    *,
    problem: str = "",
    comment: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[bytes]:
    now = utc_now()
    found = await read_message(services.database, token, now)
    view = await off_loop(message_view, found, f"/ack/{token}", now, problem=problem, comment=comment)
    title = title_of(view)
    return await page(
        request, "acknowledging/message.html", view, title=title, status=status, now=now, headers=_NO_REFERRER
    )


async def _given(request: Request[Any, Any, Any]) -> AnswerForm:
    """What was sent as JSON or as a form. Raises InvalidError naming the field and the rule."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return await form_of(request, AnswerForm)
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=AnswerForm)
    except msgspec.ValidationError as error:
        field, rule = breach_of(error, AnswerForm)
        raise InvalidError(field or "body", rule) from error
    except msgspec.DecodeError as error:
        raise InvalidError("body", "must be JSON") from error


def _lasts(text: str) -> Lasts:
    if not text:
        raise InvalidError("for", _CHOOSE)
    try:
        return Lasts(text)
    except ValueError:
        raise InvalidError("for", "must be 30m, 2h or resolved") from None


def _is_program(request: Request[Any, Any, Any]) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _answer(body: dict[str, Any]) -> Response[Any]:
    return Response(body, status_code=HTTPStatus.OK, media_type=MediaType.JSON, headers=_PROGRAMS)


def _refused(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    status = status_of(error)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, LimitedError) else {}
    if not _is_program(request):
        return failed(request, status, str(error), {**_NO_REFERRER, **headers})
    body = details(status, str(error), error.fields)
    return Response(body, status_code=status, media_type=PROBLEM_JSON, headers={**_PROGRAMS, **headers})


ROUTES: list[ControllerRouterHandler] = [
    Router(path="/", route_handlers=[show_message, answer_message], exception_handlers={DomainError: _refused})
]
