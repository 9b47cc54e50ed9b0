"""Quiet hours on the form and on the page of a channel."""

from __future__ import annotations

from typing import Any

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


async def test_the_form_says_what_is_typed_means_and_stores_nothing(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        before = await api.value("SELECT count(*) FROM notification_channel")
        form = await browser.open(f"{NEW}?type=email")
        assert "Nothing waits." in form.text
        at = f"{NEW}/quiet?type=email"
        typed: dict[str, Any] = {
            "quiet_windows": "Mon-Fri 22:00-07:00",
            "quiet_zone": "Europe/Berlin",
            "quiet_partial": "on",
        }
        shown = await browser.post(at, **typed)
        assert shown.status == 200
        assert "Partial outages wait from 22:00 to 07:00 (Mon-Fri), Europe/Berlin" in shown.text
        assert "full outages are sent at once." in shown.text
        assert len([one for one in shown.root.all("li") if "9 h" in one.text]) == 5
        assert shown.form(NEW).fields["quiet_windows"] == ["Mon-Fri 22:00-07:00"]
        for wrong, why in (
            ({"quiet_windows": "at night"}, "Windows must be one window a line"),
            ({"quiet_zone": "Mars"}, "Time zone must"),
            ({"quiet_partial": ""}, "Partial outages wait must be chosen here or for full outages."),
            ({"quiet_windows": "Mon-Sun 00:00-00:00"}, "Windows must leave some time of the week"),
        ):
            refused = await browser.post(at, **(typed | wrong))
            assert (refused.status, why in refused.text) == (200, True), why
        assert await api.value("SELECT count(*) FROM notification_channel") == before


async def test_the_form_of_a_stored_channel_says_it_too(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        typed: dict[str, Any] = {"quiet_windows": "Sat 10:00-12:00", "quiet_down": "on"}
        made = await browser.submit(await browser.open(f"{NEW}?type=email"), NEW, name="A", to="a@example.net", **typed)
        one = made.path.partition("?")[0]
        assert "Full outages wait from 10:00 to 12:00 (Sat)" in (await browser.open(f"{one}/edit")).text
        shown = await browser.post(f"{one}/edit/quiet", quiet_windows="Sat 10:00-13:00", quiet_down="on")
        assert "from 10:00 to 13:00 (Sat)" in shown.text
        assert "from 10:00 to 12:00" in (await browser.open(f"{one}/edit")).text


async def test_a_service_that_incidents_are_handed_over_to_has_none(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        form = await browser.open(f"{NEW}?type=pagerduty")
        typed: dict[str, Any] = {"quiet_windows": "Sat 10:00-12:00", "quiet_down": "on"}
        why = "may not be set for a service that incidents are handed over to"
        shown = await browser.post(f"{NEW}/quiet?type=pagerduty", **typed)
        assert (shown.status, why in shown.text) == (200, True)
        refused = await browser.submit(form, NEW, name="Duty", routing_key="R" * 32, **typed)
        assert (refused.status, why in refused.text) == (400, True)
        made = await browser.submit(form, NEW, name="Duty", routing_key="R" * 32)
        assert made.status == 200
        assert "/settings/channels/" in made.path
