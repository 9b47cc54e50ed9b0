"""Passwords of AlertSite's monitors are never shown, and a mask keeps the stored one."""

from __future__ import annotations

import pytest

from tests.integration.api.alertsite.client import PATH, create, edit, make_locations, messages, stored
from tests.integration.api.conftest import Api


@pytest.fixture(scope="module", autouse=True)
async def _locations(api: Api) -> None:
    await make_locations(api, de="DE", us="US")


class TestPasswords:
    async def test_no_answer_shows_a_password(self, api: Api) -> None:
        number = await create(api, user="alice", password="w0nderland")
        await edit(api, number, password="l00king-glass")
        for path in (f"/monitors/{number}", "/monitors", "/report-sitestatus"):
            answer = (await api.client.get(PATH + path)).text
            assert "w0nderland" not in answer
            assert "l00king-glass" not in answer
        assert "l00king-glass" not in str(await stored(api, number))

    async def test_a_mask_keeps_the_stored_password(self, api: Api) -> None:
        number = await create(api, user="alice", password="w0nderland")
        before = await stored(api, number)
        await edit(api, number, user="alice", password="********")
        assert await stored(api, number) == before

    async def test_a_mask_without_a_stored_password_is_refused(self, api: Api) -> None:
        number = await create(api)
        answer = await api.client.patch(f"{PATH}/monitors/email-smtp/{number}", json={"password": "********"})
        assert messages(answer.json(), 400) == [
            "invalid_request - password is masked, and there is no stored value to keep"
        ]

    async def test_a_password_with_a_line_break_is_refused_and_not_shown(self, api: Api) -> None:
        answer = await api.client.post(
            f"{PATH}/monitors/email-pop",
            json={"billing_plancode": "p", "name": "n", "hostname": "h.example", "user": "a", "password": "sec\r\nret"},
        )
        [error] = messages(answer.json(), 400)
        assert "password" in error
        assert "sec" not in error
