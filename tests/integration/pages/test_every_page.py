"""What holds for every page, also for those that are yet to come."""

from __future__ import annotations

import re

import pytest
from litestar.routes import HTTPRoute

from controller.decisions.access import Permission
from controller.http.auth import FOR_PEOPLE, PERMISSION
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import ACCEPT, browsing

UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"
PUBLIC = {
    *(("GET", "/login"), ("POST", "/login"), ("GET", "/login/code"), ("POST", "/login/code"), ("POST", "/logout")),
    ("POST", "/login/sign-on"),
    *(("GET", path) for path in ("/help", f"/help/{UNKNOWN_ID}")),
    *(("GET", "/wall/screen"), ("POST", "/wall/screen")),
    *(("GET", f"/login/sign-on/{UNKNOWN_ID}{rest}") for rest in ("", "/return")),
}


def pages(api: Api) -> dict[tuple[str, str], Permission]:
    """The permission that each page and form requires, by method and path."""
    return {
        (method, re.sub(r"{\w+}", UNKNOWN_ID, route.path_format)): handler.opt[PERMISSION]
        for route in api.application.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods - {"OPTIONS"}
        if handler.opt.get(FOR_PEOPLE)
    }


def test_exactly_the_login_the_help_and_the_entry_of_screens_are_open_to_all(api: Api) -> None:
    assert {page for page, permission in pages(api).items() if permission is Permission.PUBLIC} == PUBLIC


async def test_every_other_page_leads_to_the_login(api: Api) -> None:
    async with browsing(api) as browser:
        token = (await browser.open("/login")).form("/login").fields["_csrf_token"]
        for method, path in sorted(pages(api).keys() - PUBLIC):
            data = {"_csrf_token": token} if method == "POST" else None
            answer = await browser.client.request(method, path, data=data, headers={"Accept": ACCEPT})
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), path


@pytest.mark.parametrize("fields", [{}, {"_csrf_token": "0" * 128}])
async def test_every_form_needs_its_token(api: Api, fields: dict[str, str]) -> None:
    async with browsing(api) as browser:
        await browser.open("/login")
        for method, path in sorted(pages(api)):
            if method != "GET":
                answer = await browser.client.request(method, path, data=fields, headers={"Accept": ACCEPT})
                assert answer.status_code == 403, path
                assert "The form is out of date" in answer.text
