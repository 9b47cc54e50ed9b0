"""Quiet hours on the form and on the page of a channel."""

from __future__ import annotations

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import browsing_as

NEW = "/settings/channels/new"


async def test_they_are_set_kept_by_other_changes_said_and_removed(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        form = await browser.open(f"{NEW}?type=email")
        made = await browser.submit(
            form,
            NEW,
            name="Night",
            to="a@example.net",
            quiet_windows="Mon-Fri 22:00-07:00",
            quiet_zone="Europe/Berlin",
            quiet_partial="on",
        )
        assert "Mon-Fri 22:00-07:00 Europe/Berlin: partial outages wait until 07:00" in made.text
        one = made.path.partition("?")[0]
        renamed = await browser.submit(await browser.open(f"{one}/edit"), f"{one}/edit", name="Renamed")
        assert "partial outages wait until 07:00" in renamed.text
        edit = await browser.open(f"{one}/edit")
        refused = await browser.submit(edit, f"{one}/edit", quiet_windows="at night")
        assert refused.status == 400
        assert "one window a line" in refused.text
        removed = await browser.submit(
            edit, f"{one}/edit", quiet_windows="", quiet_zone="", quiet_partial="", quiet_down=""
        )
    assert "outages wait" not in removed.text
