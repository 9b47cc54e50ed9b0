"""The login page as an answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response

from controller.http.services import Services
from controller.pages.login.view import LoginView
from controller.pages.shell.page import page


async def login_page_of(
    request: Request[Any, Any, Any],
    view: LoginView,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """The page with all ways of logging in that there are here."""
    services: Services = request.app.state.services
    view = msgspec.structs.replace(view, sign_on=await services.sign_ons.are_offered())
    return await page(request, "login/login.html", view, title="Log in", status=status, headers=headers)
