"""Every documented statement about Uptimeify's maintenance windows and tags ([D] in the reference, 7.6 and 8.1)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.documented import MOMENT, UUID_TEXT, Row, assert_answers, send
from tests.integration.api.people import organization_of, person

WINDOWS, TAGS, TAGGED = "/api/maintenance-windows", "/api/tags", "/api/monitor-tags"
START, END = "2027-01-05T22:00:00.000Z", "2027-01-05T23:30:00.000Z"
BASE = {"name": "Move", "startTime": START, "endTime": END}
SMTP = {"targets": [{"type": "smtp", "id": "{smtp}"}]}
KEYS = {
    "id": int, "publicId": UUID_TEXT, "organizationId": int, "customerId": int, "name": "Move", "description": None,
    "startTime": START, "endTime": END, "isRecurring": False, "recurrencePattern": None, "isActive": True,
    "targets": [{"type": "smtp", "id": int}], "tags": [], "websiteId": None, "icmpMonitorId": None,
    "smtpMonitorId": int, "sshMonitorId": None, "ftpMonitorId": None, "imapPopMonitorId": None, "dnsMonitorId": None,
    "customerIpId": None, "customerDomainId": None, "createdAt": MOMENT, "updatedAt": MOMENT,
}  # fmt: skip
TAG = {"id": int, "publicId": UUID_TEXT, "organizationId": int, "name": str, "color": str, "createdBy": None,
       "createdAt": MOMENT, "updatedAt": MOMENT}  # fmt: skip
WEEKLY = {"frequency": "weekly", "interval": 2, "daysOfWeek": [1, 3], "dayOfMonth": None,
          "endRecurrenceDate": "2027-12-31T22:59:59.000Z"}  # fmt: skip
MONTHLY = {"frequency": "monthly", "interval": 1, "daysOfWeek": None, "dayOfMonth": 31, "endRecurrenceDate": None}
COLORS = ("slate", "red", "amber", "green", "teal", "blue", "indigo", "violet", "pink", "gray")
ABSENT = ("websiteId", "icmpMonitorId", "sshMonitorId", "ftpMonitorId", "dnsMonitorId", "customerIpId",
          "customerDomainId")  # fmt: skip


def refused(text: str) -> dict[str, Any]:
    return {"statusCode": 400, "message": re.compile(text)}


ROWS = [
    Row("create with targets", "POST", WINDOWS, 200, KEYS, body=BASE | SMTP),
    Row("the target by its UUID", "POST", WINDOWS, 200, KEYS,
        body=BASE | {"targets": [{"type": "smtp", "id": "{uuid}"}]}),
    Row("older: smtpMonitorId", "POST", WINDOWS, 200, KEYS, body=BASE | {"smtpMonitorId": "{smtp}"}),
    Row("older: imapPopMonitorId", "POST", WINDOWS, 200,
        {"imapPopMonitorId": int, "smtpMonitorId": None, "targets": [{"type": "imap_pop", "id": int}]},
        body=BASE | {"imapPopMonitorId": "{imap}"}),
    Row("older: exactly one", "POST", WINDOWS, 400, refused("imapPopMonitorId must not be sent together .*"),
        body=BASE | {"imapPopMonitorId": "{imap}", "smtpMonitorId": "{smtp}"}),
    *(Row(f"older: {field}", "POST", WINDOWS, 400, refused(f"{field} must be null: .*"), body=BASE | {field: 1})
      for field in ABSENT),
    *(Row(f"there are no {kind}", "POST", WINDOWS, 400, refused(r"targets\[0\].type must be one of .*"),
          body=BASE | {"targets": [{"type": kind, "id": 1}]}) for kind in ("website", "dns", "icmp", "ssh", "ftp")),
    Row("by a tag", "POST", WINDOWS, 200,
        {"tags": [{"id": int, "name": "known", "color": "red"}], "targets": [], "customerId": None},
        body=BASE | {"tagIds": ["{tag}"]}),
    Row("an unknown tag", "POST", WINDOWS, 400, "tagIds must be numbers of tags that you may see",
        body=BASE | {"tagIds": [987654]}),
    Row("for a customer", "POST", WINDOWS, 200, {"customerId": int},
        body=BASE | {"tagIds": ["{tag}"], "customerId": CUSTOMER}),
    Row("an empty description is null", "POST", WINDOWS, 200, KEYS, body=BASE | SMTP | {"description": ""}),
    Row("a description", "POST", WINDOWS, 200, {"description": "d" * 2000},
        body=BASE | SMTP | {"description": "d" * 2000}),
    Row("a longer one", "POST", WINDOWS, 400, "description must be at most 2000 characters",
        body=BASE | SMTP | {"description": "d" * 2001}),
    Row("inactive", "POST", WINDOWS, 200, {"isActive": False}, body=BASE | SMTP | {"isActive": False}),
    Row("it recurs by weeks", "POST", WINDOWS, 200, {"isRecurring": True, "recurrencePattern": WEEKLY},
        body=BASE | SMTP | {"isRecurring": True, "recurrencePattern": WEEKLY | {"endRecurrenceDate": "2027-12-31"}}),
    Row("it recurs by months", "POST", WINDOWS, 200, {"isRecurring": True, "recurrencePattern": MONTHLY},
        body=BASE | SMTP | {"isRecurring": True, "recurrencePattern": MONTHLY}),
    Row("it recurs without a pattern", "POST", WINDOWS, 400, "recurrencePattern must be set when isRecurring is true",
        body=BASE | SMTP | {"isRecurring": True}),
    *(Row(f"{field} is required", "POST", WINDOWS, 400, f"{field} is required",
          body={name: value for name, value in (BASE | SMTP).items() if name != field}) for field in BASE),
    Row("create: the end is the start", "POST", WINDOWS, 400, "End time must be after start time",
        body=BASE | SMTP | {"endTime": START}),
    Row("update: the end is before the start", "PATCH", WINDOWS + "/{window}", 400, "End time must be after start time",
        body={"endTime": "2027-01-05T21:00:00Z"}),
    Row("mixed customers", "POST", WINDOWS, 400, {"statusCode": 400, "data": {"code": "mixedCustomers"}},
        body=BASE | {"targets": [{"type": "smtp", "id": "{smtp}"}, {"type": "smtp", "id": "{other}"}]}),
    Row("mixed customers by update", "PATCH", WINDOWS + "/{window}", 400, {"data": {"code": "mixedCustomers"}},
        body={"targets": [{"type": "smtp", "id": "{smtp}"}, {"type": "smtp", "id": "{other}"}]}),
    Row("targets of another customer than customerId", "POST", WINDOWS, 400, {"data": {"code": "mixedCustomers"}},
        body=BASE | SMTP | {"customerId": OTHER_CUSTOMER}),
    *(Row(f"{method}: {value!r} is no customer", method, path, 400, "Invalid Customer identifier",
          body=BASE | SMTP | {"customerId": value})
      for method, path in (("POST", WINDOWS), ("PATCH", WINDOWS + "/{window}")) for value in ("", "x", 0)),
    Row("a list", "GET", WINDOWS, 200, list),
    Row("one by its number", "GET", WINDOWS + "/{window}", 200, KEYS),
    *(Row(f"{method} of no number", method, WINDOWS + "/x", 400, "Invalid maintenance window ID", body=body)
      for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None))),
    *(Row(f"{method} of an unknown one", method, WINDOWS + "/987654", 404, "Maintenance window not found", body=body)
      for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None))),
    Row("only sent fields change", "PATCH", WINDOWS + "/{window}", 200, KEYS | {"isActive": False},
        body={"isActive": False}),
    Row("sent targets replace all", "PATCH", WINDOWS + "/{window}", 200,
        {"targets": [{"type": "imap_pop", "id": int}], "smtpMonitorId": None},
        body={"targets": [{"type": "imap_pop", "id": "{imap}"}]}),
    Row("sent tags replace all, and [] clears", "PATCH", WINDOWS + "/{window}", 200, KEYS | {"tags": []},
        body={"tagIds": []}),
    Row("[] clears the targets", "PATCH", WINDOWS + "/{window}", 200, {"targets": [], "tags": list},
        body={"targets": [], "tagIds": ["{tag}"]}),
    Row("but a window is for something", "PATCH", WINDOWS + "/{window}", 400,
        "targets must name at least one monitor, or tagIds one tag", body={"targets": []}),
    Row("delete", "DELETE", WINDOWS + "/{window}", 200, {"success": True}),
    *(Row(f"readonly may {method}", method, path, 200, caller="readonly", body=body)
      for method, path, body in (("POST", WINDOWS, BASE | SMTP), ("PATCH", WINDOWS + "/{window}", {"name": "N"}),
                                 ("DELETE", WINDOWS + "/{window}", None))),
    *(Row(f"a global supporter may not {method}", method, path, 403, "Forbidden", caller="global supporter", body=body)
      for method, path, body in (("POST", WINDOWS, BASE | SMTP), ("PATCH", WINDOWS + "/{window}", {"name": "N"}),
                                 ("DELETE", WINDOWS + "/{window}", None))),
    Row("tags are a list", "GET", TAGS, 200, list),
    *(Row(f"a tag that is {color}", "POST", TAGS, 200, TAG | {"name": f"in {color}", "color": color},
          body={"name": f"in {color}", "color": color}) for color in COLORS),
    Row("another color", "POST", TAGS, 400, {"statusMessage": "invalidTagColor", "data": {"code": "invalidTagColor"}},
        body={"name": "n", "color": "orange"}),
    Row("a name of 50", "POST", TAGS, 200, TAG, body={"name": "n" * 50, "color": "red"}),
    *(Row(f"a name of {len(name)}", "POST", TAGS, 400, refused("name must be 1 to 50 characters.*"),
          body={"name": name, "color": "red"}) for name in ("", "n" * 51, "a:b")),
    Row("a readonly member makes a private tag", "POST", TAGS, 200, {"createdBy": int}, caller="readonly",
        body={"name": "private", "color": "red"}),
    Row("and sees no others", "GET", TAGS, 200, [], caller="lonely readonly"),
    *(Row(f"tag a monitor, {time}", "POST", TAGGED, 200,
          {"monitorType": "smtp", "monitorId": int, "tagId": int, "createdAt": MOMENT},
          body={"monitorType": "smtp", "monitorId": "{smtp}", "tagId": "{tag}"}) for time in ("once", "twice")),
    Row("reading is enough", "POST", TAGGED, 200, {"tagId": int}, caller="global supporter",
        body={"monitorType": "smtp", "monitorId": "{smtp}", "tagId": "{tag}"}),
    Row("no such monitor", "POST", TAGGED, 404, "Monitor not found",
        body={"monitorType": "smtp", "monitorId": 987654, "tagId": "{tag}"}),
    Row("no such tag", "POST", TAGGED, 404, "Tag not found",
        body={"monitorType": "smtp", "monitorId": "{smtp}", "tagId": 987654}),
    Row("of another type", "POST", TAGGED, 404, "Monitor not found",
        body={"monitorType": "imap_pop", "monitorId": "{smtp}", "tagId": "{tag}"}),
    Row("of a type that is not here", "POST", TAGGED, 400, refused("monitorType must be one of .*"),
        body={"monitorType": "website", "monitorId": 1, "tagId": "{tag}"}),
]  # fmt: skip


@pytest.fixture(scope="module")
async def people(api: Api) -> dict[str, dict[str, str]]:
    ours = await organization_of(api, "Ours")
    found = {"admin token": dict(api.client.headers)}
    for name, role, customers in (
        ("readonly", Role.READONLY, [api.customer]),
        ("lonely readonly", Role.READONLY, [api.customer]),
        ("global supporter", Role.GLOBAL_SUPPORTER, None),
    ):
        found[name] = (await person(api, role, organization=ours, customers=customers)).headers
    return found


@pytest.fixture
async def made(api: Api) -> dict[str, Any]:
    await api.value("UPDATE organization SET time_zone = 'Europe/Berlin' WHERE name = 'Ours'")
    await api.value("DELETE FROM maintenance_window")
    await api.value("DELETE FROM tag")
    smtp = await api.create()
    other = await api.create(customerId=OTHER_CUSTOMER)
    mailbox = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}
    imap = (await api.client.post("/api/imap-pop-monitors", json=mailbox)).json()
    tag = (await api.client.post(TAGS, json={"name": "known", "color": "red"})).json()
    body = BASE | {"targets": [{"type": "smtp", "id": smtp["id"]}]}
    window = (await api.client.post(WINDOWS, json=body)).json()
    return {"smtp": smtp["id"], "uuid": smtp["publicId"], "other": other["id"], "imap": imap["id"], "tag": tag["id"],
            "window": window["id"]}  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=row.title) for row in ROWS])
async def test_it_answers_as_documented(
    api: Api, people: dict[str, dict[str, str]], made: dict[str, Any], row: Row
) -> None:
    answer = await send(api, row, people, made)
    assert_answers(row, answer)


async def test_the_keys_are_in_the_printed_order(api: Api, made: dict[str, Any]) -> None:
    window = (await api.client.get(f"{WINDOWS}/{made['window']}")).json()
    assert set(window) == set(KEYS)
    assert list(window) == list(KEYS)
    assert list((await api.client.get(TAGS)).json()[0]) == list(TAG)
