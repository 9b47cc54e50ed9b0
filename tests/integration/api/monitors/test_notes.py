"""`notes` of a monitor: text for people, in both groups of Uptimeify's routes and on its page."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import browsing_as

GROUPS = ("/api/smtp-monitors", "/api/imap-pop-monitors")
REQUIRED = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}
TOO_LONG = "notes must be a string of at most 2000 characters or null"


async def create(api: Api, group: str = GROUPS[0], **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(group, json={**REQUIRED, **fields})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    "notes",
    [
        pytest.param("Ask Ada first.\r\n\tThen reboot.\n", id="lines"),
        pytest.param("  ", id="spaces, which stay"),
        pytest.param("", id="nothing"),
        pytest.param("😀" * 2000, id="as many characters as are allowed, of four bytes each"),
        pytest.param('<b>"\\\u202e\x01\u2028', id="characters that mean something elsewhere"),
        pytest.param(None, id="null"),
    ],
)
async def test_every_answer_shows_them_as_sent(api: Api, group: str, notes: str | None) -> None:
    made = await create(api, group, notes=notes)
    path = f"{group}/{made['publicId']}"
    listed = (await api.client.get(group, params={"perPage": 200})).json()["items"]
    shown = [
        made,
        (await api.client.get(path)).json(),
        (await api.client.patch(path, json={"notes": notes})).json(),
        next(item for item in listed if item["publicId"] == made["publicId"]),
        (await api.client.get(f"{path}/details")).json()["monitor"],
    ]
    assert [monitor["notes"] for monitor in shown] == [notes] * len(shown)


@pytest.mark.parametrize("group", GROUPS)
async def test_a_change_keeps_replaces_or_removes_them(api: Api, group: str) -> None:
    made = await create(api, group)
    assert made["notes"] is None
    path = f"{group}/{made['publicId']}"
    begun = await api.value("SELECT target_changed_at FROM monitor WHERE id = $1", made["id"])
    shown = []
    for body in ({"notes": "a"}, {"port": 2525}, {"notes": "b", "name": "N"}, {"notes": None}):
        answer = await api.client.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        shown.append(answer.json()["notes"])
    assert shown == ["a", "a", "b", None]
    await api.value("UPDATE monitor SET target_changed_at = $2 WHERE id = $1", made["id"], begun)
    await api.client.patch(path, json={"notes": "c"})
    assert await api.value("SELECT target_changed_at FROM monitor WHERE id = $1", made["id"]) == begun


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("notes", "problem"),
    [
        pytest.param("x" * 2001, TOO_LONG, id="a character too long"),
        pytest.param(" " * 2001, TOO_LONG, id="too long, before spaces are trimmed"),
        pytest.param("a\0b", "notes must not hold NUL characters", id="NUL"),
        pytest.param(5, TOO_LONG, id="a number"),
        pytest.param(["a"], TOO_LONG, id="a list"),
    ],
)
async def test_what_breaks_the_rule_is_refused_and_changes_nothing(
    api: Api, group: str, notes: object, problem: str
) -> None:
    made = await create(api, group, notes="kept")
    path = f"{group}/{made['publicId']}"
    for answer in (
        await api.client.post(group, json={**REQUIRED, "notes": notes}),
        await api.client.patch(path, json={"notes": notes, "name": "lost"}),
    ):
        assert (answer.status_code, answer.json()["message"]) == (400, problem)
    read = (await api.client.get(path)).json()
    assert (read["notes"], read["name"]) == ("kept", "M")


async def test_half_a_character_is_no_valid_json(api: Api) -> None:
    made = await create(api)
    answer = await api.client.patch(
        f"{GROUPS[0]}/{made['publicId']}", content=b'{"notes": "\\ud83d"}', headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "body must be valid JSON")


async def test_who_only_reads_may_read_them_and_others_see_nothing(api: Api) -> None:
    made = await create(api, notes="our notes")
    path = f"{GROUPS[0]}/{made['publicId']}"
    ours = await organization_of(api, "Ours")
    readers = {
        "own customer": (Role.READONLY, [api.customer], (200, 403)),
        "other customer": (Role.USER, [api.other_customer], (403, 403)),
        "editor": (Role.EDITOR, [api.customer], (200, 200)),
    }
    for name, (role, customers, expected) in readers.items():
        headers = (await person(api, role, organization=ours, customers=customers)).headers
        async with client_of(api.application) as client:
            read = await client.get(path, headers=headers)
            changed = await client.patch(path, json={"notes": "our notes"}, headers=headers)
        assert (read.status_code, changed.status_code) == expected, name
        assert ("our notes" in read.text) is (read.status_code == 200), name
    strange = {"Authorization": f"Bearer {api.strange_token}"}
    for answer in (
        await api.client.get(path, headers=strange),
        await api.client.patch(path, json={"notes": "theirs"}, headers=strange),
    ):
        assert (answer.status_code, "our notes" in answer.text) == (404, False)
    assert (await api.client.get(path)).json()["notes"] == "our notes"


async def test_alertsites_routes_neither_show_nor_lose_them(api: Api) -> None:
    made = await create(api, notes="ours", smtpConfig={})
    path = f"/api/v3/monitors/email-smtp/{made['id']}"
    for body in ({"notes": "ignored", "note": "theirs"}, {"name": "other"}):
        answer = await api.client.patch(path, json=body)
        assert answer.status_code == 200, answer.text
    shown = (await api.client.get(f"/api/v3/monitors/{made['id']}")).json()
    assert (shown["note"], shown["name"], "notes" in shown) == ("theirs", "other", False)
    assert (await api.client.get(f"{GROUPS[0]}/{made['publicId']}")).json()["notes"] == "ours"


async def test_the_page_shows_them_as_text_with_their_lines(api: Api) -> None:
    made = await create(api, notes="Ask <b>Ada</b>\nfirst \u202enow")
    plain = await create(api)
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(f"/monitors/{made['publicId']}")
        without = await browser.open(f"/monitors/{plain['publicId']}")
    assert 'said">Ask &lt;b&gt;Ada&lt;/b&gt;\nfirst \\u202enow</dd>' in page.html
    assert "<dt>Notes</dt>" in page.html
    assert "<dt>Notes</dt>" not in without.html
