"""`/settings` leads to what the person may open, and to nothing else."""

from __future__ import annotations

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import browsing_as

FOR_ALL = {"/policies", "/settings/customers", "/settings/labels"}
OF_ADMINS = {
    f"/settings/{name}"
    for name in (
        *("channels", "recipient-groups", "people", "tokens", "organization", "sign-on", "screens", "audit"),
        *("escalation", "rotas", "packages", "rules", "grouping"),
    )
}


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (Role.READONLY, FOR_ALL),
        (Role.EDITOR, FOR_ALL | {"/settings/tokens"}),
        (Role.ADMIN, FOR_ALL | OF_ADMINS),
    ],
)
async def test_it_lists_what_the_role_may_open_and_each_link_works(api: Api, role: Role, paths: set[str]) -> None:
    customers = [api.customer] if role is Role.READONLY else None
    async with browsing_as(api, role, customers=customers) as browser:
        page = await browser.open("/settings")
        assert {link.attributes["href"] for link in page.main.all("a")} == paths
        for path in sorted(paths):
            assert (await browser.open(path)).status == 200, path


@pytest.mark.parametrize("role", [Role.EDITOR, Role.USER])
async def test_what_is_not_listed_is_refused(api: Api, role: Role) -> None:
    async with browsing_as(api, role) as browser:
        for path in sorted(OF_ADMINS - {"/settings/tokens"} | {"/settings/channels/new", "/settings/people/new"}):
            assert (await browser.open(path)).status == 403, path
