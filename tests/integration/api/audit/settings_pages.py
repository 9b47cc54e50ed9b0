"""One form of each page of the settings that changes people, tokens, customers, the organization or sign-on."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.integration.api.audit.world import MARK, World
from tests.integration.api.conftest import CUSTOMER
from tests.integration.api.people import session_headers

_SETTINGS = "/settings"
_SHOWN = re.compile(r"#code=([0-9a-f]{32})|(wsm_[\w-]{43,44})")


def _saves(page: str, action: str = "", **values: Any) -> Callable[[World], Awaitable[Any]]:
    async def change(world: World) -> None:
        await world.submit(_SETTINGS + page, _SETTINGS + (action or page), **values)

    return change


async def _shows(world: World, page: str, action: str, **values: Any) -> None:
    """Send a form whose answer shows a secret, which no entry may hold."""
    answer = await world.browser.submit(await world.browser.open(_SETTINGS + page), _SETTINGS + action, **values)
    assert answer.status == 200
    found = _SHOWN.search(answer.html)
    assert found is not None
    world.secrets.append(found[1] or found[2])


async def _add_person(world: World) -> None:
    await _shows(world, "/people/new", "/people/new", email=f"{uuid4().hex}@example.com")


async def _change_person(world: World) -> None:
    path = f"{_SETTINGS}/people/{await world.user()}"
    await world.submit(path, path, first_name="Ada")


async def _make_link(world: World) -> None:
    path = f"/people/{await world.user()}"
    await _shows(world, path, f"{path}/link")


async def _end_their_sessions(world: World) -> None:
    identifier = await world.user()
    number = await world.api.value("SELECT id FROM account WHERE public_id = $1::uuid", identifier)
    await session_headers(world.api, number)
    path = f"{_SETTINGS}/people/{identifier}"
    await world.submit(path, f"{path}/sessions")


async def _delete_person(world: World) -> None:
    path = f"{_SETTINGS}/people/{await world.user()}/delete"
    await world.submit(path, path)


async def _make_token(world: World) -> None:
    await _shows(world, "/tokens/new", "/tokens/new", name="robot")


async def _revoke_token(world: World) -> None:
    await _make_token(world)
    token = await world.api.value("SELECT public_id::text FROM api_token ORDER BY id DESC LIMIT 1")
    path = f"{_SETTINGS}/tokens/{token}/revoke"
    await world.submit(path, path)


async def _change_customer(world: World) -> None:
    fields = f'{{"apiKey": "{MARK}{uuid4().hex}"}}'
    await _saves(f"/customers/{CUSTOMER}", custom_fields=fields)(world)


async def _keep_less(world: World) -> None:
    days = await world.api.value("SELECT 3 + count(*) FROM audit WHERE action = 'organization.changed'")
    path = f"{_SETTINGS}/organization"
    page = await world.browser.submit(await world.browser.open(path), f"{path}/retention", results_days=str(days))
    assert page.status == 200
    assert (await world.browser.submit(page, f"{path}/retention", follow=False)).status == 303


async def _set_up_sign_on(world: World) -> None:
    await world.sign_on()
    await _saves("/sign-on", secret="replace", client_secret=f"{MARK}-other", create_users="on")(world)


async def _end_sign_on(world: World) -> None:
    await world.sign_on()
    await _saves("/sign-on/end")(world)


async def _package(world: World) -> str:
    """The path of the page of a new package."""
    await world.send("PATCH", f"/api/package-configs/{uuid4().hex}", {})
    number = await world.api.value("SELECT max(id) FROM package")
    return f"/packages/{number}"


async def _change_package(world: World) -> None:
    await _saves(await _package(world), alert_consecutive_checks="3")(world)


async def _drop_package(world: World) -> None:
    path = await _package(world)
    await _saves(f"{path}/delete")(world)


async def _change_rules(world: World) -> None:
    await _saves(f"/customers/{CUSTOMER}/rules", rule="smtp:sms:off")(world)


OF_SETTINGS: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    ("POST", "/settings/people/new"): ("user.created", _add_person),
    ("POST", "/settings/people/{}"): ("user.changed", _change_person),
    ("POST", "/settings/people/{}/link"): ("login_link.created", _make_link),
    ("POST", "/settings/people/{}/sessions"): ("session.ended", _end_their_sessions),
    ("POST", "/settings/people/{}/delete"): ("user.deleted", _delete_person),
    ("POST", "/settings/tokens/new"): ("token.created", _make_token),
    ("POST", "/settings/tokens/{}/revoke"): ("token.deleted", _revoke_token),
    ("POST", "/settings/customers/new"): ("customer.created", _saves("/customers/new", name="N")),
    ("POST", "/settings/customers/{}"): ("customer.changed", _change_customer),
    ("POST", "/settings/packages/new"): (
        "package.created",
        _saves("/packages/new", package_type="gold", enable_sms_alerts=""),
    ),
    ("POST", "/settings/packages/{}"): ("package.changed", _change_package),
    ("POST", "/settings/packages/{}/delete"): ("package.deleted", _drop_package),
    ("POST", "/settings/rules"): ("organization.changed", _saves("/rules", rule="smtp:sms:off")),
    ("POST", "/settings/customers/{}/rules"): ("customer.changed", _change_rules),
    ("POST", "/settings/organization"): ("organization.changed", _saves("/organization", city="Hamburg")),
    ("POST", "/settings/organization/defaults"): (
        "defaults.changed",
        _saves("/organization", "/organization/defaults", interval="7"),
    ),
    ("POST", "/settings/organization/retention"): ("organization.changed", _keep_less),
    ("POST", "/settings/sign-on"): ("sign_on.changed", _set_up_sign_on),
    ("POST", "/settings/sign-on/end"): ("sign_on.deleted", _end_sign_on),
}
OF_SETTINGS_ELSEWHERE = {
    ("POST", "/settings/organizations"): "pages/settings/test_organization_settings: a global admin makes it",
}
