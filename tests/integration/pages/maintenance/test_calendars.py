"""Calendar feeds and the import of calendar files, as people use them in a browser without script."""

from __future__ import annotations

from tests.integration.api.conftest import Api
from tests.integration.api.maintenance.test_calendar_import import calendar, event
from tests.integration.pages.browser import Browser

FEEDS, IMPORT = "/maintenance/calendar-feeds", "/maintenance/import"


async def test_a_feed_is_made_shown_once_and_revoked(browser: Browser) -> None:
    page = await browser.open(FEEDS)
    assert "You have no feed yet" in page.text
    made = await browser.submit(page, FEEDS, name="Outlook")
    assert (made.status, "/calendar/maintenance.ics?token=calendar_" in made.text) == (201, True)
    page = await browser.open(FEEDS)
    assert "calendar_" not in page.text
    assert "never" in page.text
    action = next(form.action for form in page.forms if form.action.endswith("/revoke"))
    gone = await browser.submit(page, action)
    assert "The feed is revoked" in gone.text
    refused = await browser.submit(gone, FEEDS, name=" ")
    assert (refused.status, "must be 1 to 255 printable characters" in refused.text) == (400, True)


async def test_a_file_is_shown_before_its_windows_are_stored(browser: Browser, api: Api) -> None:
    text = calendar(event("a", RRULE="FREQ=WEEKLY"), event("b", RRULE="FREQ=HOURLY"))
    token = (await browser.open(IMPORT)).form(IMPORT).fields["_csrf_token"][0]
    answer = await browser.client.post(
        IMPORT,
        data={"_csrf_token": token, "organization": "on", "labels": "", "effect": "silence"},
        files={"file": ("plan.ics", text.encode(), "text/calendar")},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 200, answer.text
    assert "New windows: 1" in answer.text
    assert "its rule recurs hourly" in answer.text
    assert await api.value("SELECT count(*) FROM maintenance_window") == 0
    stored = await browser.client.post(
        IMPORT,
        data={"_csrf_token": token, "organization": "on", "effect": "silence", "calendar": text, "store": "yes"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert (stored.status_code, stored.headers["location"]) == (303, "/maintenance?done=imported")
    assert await api.value("SELECT array_agg(name) FROM maintenance_window") == ["Event a"]


async def test_what_is_wrong_is_said_at_its_field(browser: Browser) -> None:
    page = await browser.open(IMPORT)
    for fields, words in (
        ({"organization": "on"}, "is required: choose an .ics file"),
        ({"organization": "on", "calendar": "no calendar"}, "must be a calendar (RFC 5545), in UTF-8"),
        ({"calendar": calendar(event("a"))}, "must name at least one"),
    ):
        token = page.form(IMPORT).fields["_csrf_token"][0]
        answer = await browser.client.post(
            IMPORT,
            data={"_csrf_token": token, "effect": "silence", **fields},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert (answer.status_code, words in answer.text) == (400, True), words
