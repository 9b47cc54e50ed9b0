"""The calendar: days of the organization's zone, and windows of any distance in them."""

from __future__ import annotations

from tests.integration.api.conftest import Api
from tests.integration.pages.browser import Browser, Element, Page
from tests.integration.pages.maintenance.planning import plan

CALENDAR = "/maintenance/calendar"


def cell(page: Page, words: str) -> Element:
    return next(one for one in page.main.all("td") if words in one.text)


async def test_a_month_far_away_has_its_occurrences(browser: Browser) -> None:
    await plan(browser)
    page = await browser.open(f"{CALENDAR}?view=month&date=2031-07-15")
    assert page.headings == ["Maintenance: July 2031"]
    assert "Europe/Berlin, the organization's zone" in page.text
    planned = [one.text for one in page.main.all("td") if "Updates" in one.text]
    assert [text.split()[0] for text in planned] == ["1", "8", "15", "22", "29"]
    assert all("02:00–04:00 Updates" in text for text in planned)
    assert page.links["Next month"] == f"{CALENDAR}?view=month&date=2031-08-01"
    assert page.links["Previous month"] == f"{CALENDAR}?view=month&date=2031-06-30"
    assert "Nothing is planned in this month" in (await browser.open(f"{CALENDAR}?date=2027-01-01")).text


async def test_one_over_several_days_is_in_each_of_them(browser: Browser) -> None:
    await plan(browser, repeats="once", end_date="2027-03-04")
    page = await browser.open(f"{CALENDAR}?view=month&date=2027-03-01")
    assert "from 02:00 Updates" in cell(page, "Tue 2 Mar 2027").text
    assert "all day Updates" in cell(page, "Wed 3 Mar 2027").text
    assert "until 04:00 Updates" in cell(page, "Thu 4 Mar 2027").text
    assert "Updates" not in cell(page, "Fri 5 Mar 2027").text


async def test_windows_that_overlap_have_lanes_of_their_own(browser: Browser) -> None:
    await plan(browser)
    await plan(browser, name="Longer", start_time="01:00", end_time="07:00")
    page = await browser.open(f"{CALENDAR}?view=week&date=2027-03-04")
    assert page.headings[0] == "Maintenance: Mon 1 Mar 2027 to Sun 7 Mar 2027"
    day = page.main.all("section", class_="calendar")[1]
    assert [one.attributes["y"] for one in day.all("rect")] == ["2", "18"]
    assert [one.attributes["x"] for one in day.all("rect")] == ["42", "83"]


async def test_the_night_of_summer_time_is_drawn_by_its_real_length(browser: Browser) -> None:
    await plan(browser, repeats="daily", start_time="01:00")
    page = await browser.open(f"{CALENDAR}?view=week&date=2027-10-31")
    day = page.main.all("section", class_="calendar")[6]
    assert "the clock goes back by 1 h" in day.text
    assert "01:00–04:00 Updates 1 h longer: the clock goes back" in day.text
    rect = day.one("rect").attributes
    assert (rect["x"], rect["width"]) == ("40", "160")


async def test_today_is_marked_and_the_way_back_leads_there(browser: Browser) -> None:
    page = await browser.open(CALENDAR)
    assert len(page.main.all("td", class_="today")) == 1
    week = await browser.open(page.links["Week"])
    assert len(week.main.all("section", class_="today")) == 1
    assert page.links["Today"].startswith(f"{CALENDAR}?view=month&date=")


async def test_days_are_those_of_the_zone_of_the_organization(browser: Browser, api: Api) -> None:
    await plan(browser, repeats="once")
    await api.value("UPDATE organization SET time_zone = 'America/New_York'")
    page = await browser.open(f"{CALENDAR}?date=2027-03-01")
    assert "20:00–22:00 Updates" in cell(page, "Mon 1 Mar 2027").text


async def test_a_disabled_window_is_not_there(browser: Browser) -> None:
    await plan(browser, enabled=[])
    assert "Nothing is planned" in (await browser.open(f"{CALENDAR}?date=2027-03-01")).text


async def test_what_no_calendar_has_is_refused(browser: Browser) -> None:
    for query in ("view=year", "date=2027-02-30", "date=1999-12-31", "date=2100-01-01"):
        assert (await browser.open(f"{CALENDAR}?{query}")).status == 400, query
    for day in ("2000-01-01", "2099-12-31"):
        for view in ("month", "week"):
            assert (await browser.open(f"{CALENDAR}?view={view}&date={day}")).status == 200, day
