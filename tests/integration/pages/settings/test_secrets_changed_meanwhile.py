"""Two people have a form with a secret open: the later one sees what the other has stored, but never a secret."""

from __future__ import annotations

from typing import Any

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.pages.browser import ACCEPT, Browser, Page, browsing_as
from tests.integration.pages.settings.conflicts import holds, said

SIGN_ON = "/settings/sign-on"
SECRETS = ("first-n0t-real", "second-n0t-real", "third-n0t-real")


async def fill_in(browser: Browser, page: Page, action: str, **values: Any) -> Page:
    """Send a form that has a field of the name `headers`."""
    data = {**page.form(action).fields, **values}
    sent = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin"}
    target = page.form(action).action
    return Page(await browser.client.post(target, data=data, headers=sent, follow_redirects=True))


async def test_of_single_sign_on(api: Api) -> None:
    await api.value("DELETE FROM sign_on")
    first: dict[str, Any] = {"issuer": "https://login.example.com", "client_id": "a", "client_secret": SECRETS[0]}
    async with browsing_as(api, Role.ADMIN) as one, browsing_as(api, Role.ADMIN) as other:
        empty = await one.open(SIGN_ON)
        await other.submit(await other.open(SIGN_ON), SIGN_ON, **first)
        refused = await one.submit(empty, SIGN_ON, **first | {"client_id": "b", "client_secret": SECRETS[1]})
        assert (refused.status, said(refused)["client_id"]) == (409, "Stored now: a")
        assert said(refused)["client_secret"].startswith("the one that you typed is kept")
        assert holds(refused, SIGN_ON, {"client_id": "b", "secret": "replace", "client_secret": ""})
        keep = await one.submit(refused, SIGN_ON, secret="keep")
        assert keep.path.endswith("?done=saved")
        drawn = await one.open(SIGN_ON)
        groups: dict[str, Any] = {"group": ["ops", "staff"], "role": ["admin", "user"], "limits": [f"1:{CUSTOMER}"]}
        await other.submit(await other.open(SIGN_ON), SIGN_ON, **groups)
        refused = await one.submit(drawn, SIGN_ON, default_role="user")
        assert said(refused) == {
            "group": "Stored now: ops (Administrator); staff (User for Example Customer)",
            "default_role": "Stored now: is not let in",
        }
        assert (await one.submit(refused, SIGN_ON)).path.endswith("?done=saved")
        await secret_changed_meanwhile(one, other)
    await api.value("DELETE FROM sign_on")


async def secret_changed_meanwhile(one: Browser, other: Browser) -> None:
    drawn = await one.open(SIGN_ON)
    await other.submit(await other.open(SIGN_ON), SIGN_ON, secret="replace", client_secret=SECRETS[1])
    refused = await one.submit(drawn, SIGN_ON, secret="replace", client_secret=SECRETS[2])
    assert (refused.status, list(said(refused))) == (409, ["client_secret"])
    assert not [secret for secret in SECRETS if secret in refused.html]
    assert (await one.submit(refused, SIGN_ON)).path.endswith("?done=saved")


async def test_single_sign_on_that_has_ended_meanwhile_is_not_begun_again_unseen(api: Api) -> None:
    await api.value("DELETE FROM sign_on")
    async with browsing_as(api, Role.ADMIN) as browser:
        page = await browser.open(SIGN_ON)
        await browser.submit(page, SIGN_ON, issuer="https://login.example.com", client_id="a")
        drawn = await browser.open(SIGN_ON)
        await browser.submit(await browser.open(f"{SIGN_ON}/end"), f"{SIGN_ON}/end")
        refused = await browser.submit(drawn, SIGN_ON, domains="example.com")
        assert (refused.status, said(refused)["client_id"]) == (409, "Stored now: nothing")
    assert not await api.value("SELECT count(*) FROM sign_on")


async def test_of_a_channel(api: Api) -> None:
    new = "/settings/channels/new"
    hook: dict[str, Any] = {
        "url": "https://example.com/a",
        "secret": SECRETS[0],
        "headers": f"Authorization: {SECRETS[0]}",
    }
    async with browsing_as(api, Role.ADMIN) as one, browsing_as(api, Role.ADMIN) as other:
        made = await fill_in(one, await one.open(f"{new}?type=webhook"), new, name="Hook", **hook)
        path = made.path.partition("?")[0] + "/edit"
        drawn = await one.open(path)
        changed: dict[str, Any] = {
            "url": "https://example.com/b",
            "secret": SECRETS[1],
            "headers": f"X-Api-Key: {SECRETS[1]}",
        }
        await fill_in(other, await other.open(path), path, enabled=[], **changed)
        refused = await one.submit(drawn, path, name="Mine", secret=SECRETS[2])
        assert (refused.status, said(refused)) == (
            409,
            {
                "name": "Stored now: Hook",
                "url": "Stored now: https://example.com/b",
                "enabled": "Stored now: not ticked",
                "headers": "Stored now: X-Api-Key: ********",
            },
        )
        assert not [secret for secret in SECRETS if secret in refused.html]
        assert holds(refused, path, {"name": "Mine", "url": "https://example.com/a", "enabled": "on"})
        saved = await fill_in(one, refused, path, headers="")
        assert saved.path.endswith("?done=changed")
