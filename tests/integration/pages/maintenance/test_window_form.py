"""The form of a window: what it says before it is saved, what it stores, and what it refuses."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.our_monitors.asking import create
from tests.integration.pages.browser import Browser
from tests.integration.pages.maintenance.planning import NEW, WEEKLY, plan, wrong

PREVIEW = f"{NEW}/preview"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "every Tuesday from 02:00 to 04:00, Europe/Berlin"),
        ({"days": ["TU", "FR"], "interval": "2"}, "every 2 weeks on Tuesday and Friday from 02:00 to 04:00"),
        ({"repeats": "daily"}, "every day from 02:00 to 04:00"),
        ({"repeats": "once"}, "Tue 2 Mar 2027 from 02:00 to 04:00"),
        ({"repeats": "monthly"}, "every month on the 2nd from"),
        ({"repeats": "monthly", "month_day": "15"}, "every month on the 15th from"),
        ({"repeats": "monthly", "monthly": "place", "place": "2", "place_day": "TU"}, "on the 2nd Tuesday from"),
        ({"repeats": "monthly", "monthly": "end"}, "every month on the last day from"),
        ({"repeats": "yearly"}, "every year on 2 March from"),
        ({"ends": "after", "count": "3"}, "Europe/Berlin; 3 times in all"),
        ({"ends": "until", "until": "2027-05-04"}, "Europe/Berlin; last on Tue 4 May 2027"),
        ({"repeats": "once", "endless": "on"}, "from Tue 2 Mar 2027 02:00, without an end"),
        ({"end_date": "2027-03-03", "end_time": "01:00"}, "from 02:00 to 01:00 on the next day"),
    ],
)
async def test_what_is_planned_is_said_in_words_and_shown_again(
    browser: Browser, values: dict[str, Any], words: str
) -> None:
    path = await plan(browser, **values)
    assert words in (await browser.open(path)).text
    form = (await browser.open(f"{path}/edit")).form(f"{path}/edit")
    sent = {**WEEKLY, **values}
    kept = {"name", "zone", "start_date", "start_time", "repeats", *values} - {"end_date", "days"}
    for name in kept - ({"month_day"} if values.get("repeats") == "monthly" else set()):
        assert form.fields[name] == [sent[name]], name
    saved = await browser.submit(await browser.open(f"{path}/edit"), f"{path}/edit")
    assert saved.path == f"{path}?done=saved"


async def test_the_next_five_are_shown_with_both_offsets_before_anything_is_saved(browser: Browser, api: Api) -> None:
    values = {"repeats": "daily", "start_date": "2027-03-26", "end_date": "2027-03-26", "start_time": "01:00"}
    page = await browser.post(PREVIEW, follow=True, **{**_flat(WEEKLY), **values})
    rows = [one.text for one in page.id("next").all("li")]
    assert rows[0] == "Fri 26 Mar 2027 01:00 +01:00 to Fri 26 Mar 2027 04:00 +01:00 , 3 h"
    assert rows[2] == (
        "Sun 28 Mar 2027 01:00 +01:00 to Sun 28 Mar 2027 04:00 +02:00 , 2 h 1 h shorter: the clock goes forward"
    )
    assert len(rows) == 5
    assert await api.value("SELECT count(*) FROM maintenance_window") == 0


async def test_a_window_that_takes_much_of_the_week_is_warned_of(browser: Browser) -> None:
    page = await browser.post(
        PREVIEW, follow=True, **{**_flat(WEEKLY), "repeats": "daily", "end_time": "14:00", "enabled": "on"}
    )
    assert "takes more than a quarter of a week" in page.id("next").text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": ""}, {"name": "must be 1 to 255 printable characters"}),
        ({"start_date": "soon"}, {"start_date": "must be a date, as 2027-03-28"}),
        ({"start_time": "", "end_time": "4"}, {"start_time": "must be a time, as 02:00"}),
        ({"end_date": "2027-03-01"}, {"end_date": "must be after start"}),
        ({"zone": "Middle/Earth"}, {"zone": "must be the name of a time zone, as Europe/Berlin"}),
        ({"interval": "0"}, {"interval": "must be from 1 to 1000"}),
        ({"ends": "after", "count": "many"}, {"count": "must be a whole number"}),
        ({"ends": "until", "until": "2027-02-01"}, {"until": "must not be before start"}),
        ({"repeats": "monthly", "month_day": "40"}, {"month_day": "must be days from 1 to 31"}),
        ({"repeats": "hourly"}, {"repeats": "must be one of the list"}),
        ({"organization": ""}, {"targets": "must name at least one monitor, label, customer"}),
        ({"labels": ": post"}, {"labels": "must"}),
        ({"monitors": "nonsense"}, {"monitors": "must be chosen from the list"}),
    ],
)
async def test_a_mistake_is_said_at_its_field_and_nothing_typed_is_lost(
    browser: Browser, api: Api, values: dict[str, str], said: dict[str, str]
) -> None:
    fields = {**_flat(WEEKLY), "description": "Kept", **values}
    page = await browser.post(NEW, follow=True, **fields)
    assert page.status == 400
    found = wrong(page)
    for name, text in said.items():
        assert text in found[name], found
    form = page.form(NEW)
    typed = {name: text for name, text in fields.items() if text and name not in ("monitors", "repeats")}
    assert {name: form.fields[name] for name in typed} == {name: [text] for name, text in typed.items()}
    assert await api.value("SELECT count(*) FROM maintenance_window") == 0
    shown = await browser.post(PREVIEW, follow=True, **fields)
    assert ("So far there are none" in shown.id("next").text) == (set(values) not in ({"name"}, {"organization"}))


async def test_monitors_are_found_by_a_part_of_their_name(browser: Browser, api: Api) -> None:
    await create(api, "smtp", name="Harbour mail")
    page = await browser.post(PREVIEW, follow=True, **_flat(WEEKLY), find="harbour")
    box = next(one for one in page.main.all("input") if one.attributes.get("name") == "monitors")
    assert "checked" not in box.attributes
    planned = await browser.submit(page, NEW, organization=[], monitors=[box.attributes["value"]])
    assert "the monitor Harbour mail" in planned.text
    page = await browser.post(PREVIEW, follow=True, **_flat(WEEKLY), find="nobody has this")
    assert "No monitor has “nobody has this”" in page.text


async def test_a_rule_that_the_form_has_no_fields_for_stays(browser: Browser, api: Api) -> None:
    path = await plan(browser)
    rule = '{"frequency": "monthly", "byDay": [["MO", null], ["FR", null]], "bySetPos": [-1]}'
    await api.value("UPDATE maintenance_window SET recurrence = $1::text::jsonb", rule)
    page = await browser.open(f"{path}/edit")
    assert "As it is: every month on Monday or Friday, only the last of these days" in page.text
    await browser.submit(page, f"{path}/edit", name="Another")
    assert await api.value("SELECT recurrence = $1::text::jsonb FROM maintenance_window", rule)


async def test_a_change_of_somebody_else_is_shown_and_replaced_knowingly(browser: Browser) -> None:
    path = await plan(browser)
    drawn = await browser.open(f"{path}/edit")
    await browser.submit(await browser.open(f"{path}/edit"), f"{path}/edit", start_time="01:00")
    refused = await browser.submit(drawn, f"{path}/edit", name="Mine")
    assert refused.status == 409
    assert wrong(refused) == {"name": "Stored now: Updates", "start_time": "Stored now: 01:00"}
    saved = await browser.submit(refused, f"{path}/edit")
    assert saved.path == f"{path}?done=saved"
    assert "Mine" in saved.headings


async def test_a_duplicate_is_another_window(browser: Browser, api: Api) -> None:
    path = await plan(browser)
    page = await browser.open(f"{path}/duplicate")
    await browser.submit(page, NEW, name="Twin")
    assert await api.value("SELECT count(*) FROM maintenance_window") == 2


async def test_a_customer_of_somebody_else_is_refused(browser: Browser) -> None:
    page = await browser.post(NEW, follow=True, **_flat(WEEKLY), customer=str(uuid4()))
    assert (page.status, wrong(page)["customer"]) == (400, "must be chosen from the list")


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, str) else value[0] for name, value in values.items()}
