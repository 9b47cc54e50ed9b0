"""The curl lines and bodies of Uptimeify's pages, sent as printed, get the printed answers from a listening server.

The text of the pages is in the folder vendor_pages. The tests change only the host and the token.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn

from controller.app import ControllerServer
from tests.conftest import requires
from tests.integration.api.conftest import CUSTOMER, Api

PRINTED = Path(__file__).parents[1] / "vendor_pages"
PAGES = (
    "uptimeify-create-smtp-monitor",
    "uptimeify-create-smtp-monitor.de",
    "uptimeify-create-imap-pop-monitor",
    "uptimeify-update-smtp-monitor.de",
)
MONITOR = "33333333-3333-4333-8333-333333333333"
OURS = {"publicId", "checkIntervalSeconds", "allowedCheckCountryCodes", "notes", "warnings"}
"""The keys that we add to a monitor."""
NUMBERS = {"id", "organizationId", "customerId"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CONFIG: dict[str, Any] = json.loads((PRINTED / f"{PAGES[0]}.body.json").read_text())["smtpConfig"]


def printed(page: str, kind: str) -> Any:
    return json.loads((PRINTED / f"{page}.{kind}.json").read_text())


def assert_as_printed(answered: Any, expected: Any, where: str = "answer") -> None:
    """Compare keys, types and values; of ids and dates only the type and form. Only the keys in OURS may be added."""
    key = where.rpartition(".")[2]
    if key in NUMBERS:
        assert type(answered) is type(expected) is int, where
    elif isinstance(expected, str) and MOMENT.fullmatch(expected):
        assert isinstance(answered, str), where
        assert MOMENT.fullmatch(answered), where
    elif isinstance(expected, dict):
        assert isinstance(answered, dict), where
        added = set(answered) - set(expected)
        assert added == (OURS if where == "answer" else set()), where
        for name, value in expected.items():
            assert name in answered, f"{where}.{name} is missing"
            assert_as_printed(answered[name], value, f"{where}.{name}")
    else:
        assert (type(answered), answered) == (type(expected), expected), where


@pytest.fixture(scope="module")
async def host(api: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Host and port of the application, which serves TLS as the printed URLs need it, and the environment for curl."""
    requires(shutil.which("curl"), "curl")
    home = tmp_path_factory.mktemp("curl")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(home / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(home / "server.pem")
    (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        "CURL_HOME": str(home),
        "CURL_CA_BUNDLE": str(home / "ca.pem"),
        "TOKEN": api.client.headers["Authorization"].removeprefix("Bearer "),
    }
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            api.application, lifespan="off", log_config=None, ws="none", ssl_certfile=str(home / "server.pem")
        )
        server = ControllerServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"localhost:{listener.getsockname()[1]}", environment
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def monitor(api: Api) -> str:
    """The monitor on the page about updates, with one check, because the printed answer shows one."""
    made = await api.create(**printed(PAGES[0], "body"))
    await api.value("UPDATE monitor SET public_id = $2::uuid WHERE id = $1", made["id"], MONITOR)
    location = await api.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'DE', 'DE', '') RETURNING id"
    )
    await api.value(
        "INSERT INTO latest (monitor_id, location_id, due_at, status, duration_ms, checked_at)"
        " VALUES ($1, $2, now(), 'success', 1, now())",
        made["id"],
        location,
    )
    return MONITOR


async def send(api: Api, page: str, body: Any) -> Any:
    """Send the page's request with this body."""
    path = "/api/imap-pop-monitors" if "imap-pop" in page else "/api/smtp-monitors"
    if "update" in page:
        answer = await api.client.patch(f"{path}/{MONITOR}", json=body)
    else:
        answer = await api.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("page", PAGES)
async def test_the_printed_curl_line_gets_the_printed_answer(
    api: Api, host: tuple[str, dict[str, str]], monitor: str, page: str
) -> None:
    address, environment = host
    line = (PRINTED / f"{page}.curl.txt").read_text()
    assert line.count("YOUR_DOMAIN") == 1
    if "update" in page:  # the printed answer belongs to the printed body, which has more fields than the curl line
        await send(api, page, printed(page, "body"))
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", line.replace("YOUR_DOMAIN", address)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    body, _, status = out.decode().rpartition("\n")
    assert status == "200"
    assert_as_printed(json.loads(body), printed(page, "answer"))


@pytest.mark.parametrize("page", PAGES)
async def test_the_printed_body_gets_the_printed_answer(api: Api, monitor: str, page: str) -> None:
    body, expected = printed(page, "body"), printed(page, "answer")
    if "imap-pop" in page:  # the printed answer belongs to the curl line; the printed body has one key more
        assert body["imapPopConfig"].items() > expected["imapPopConfig"].items()
        expected |= {"config": body["imapPopConfig"], "imapPopConfig": body["imapPopConfig"]}
    answered = await send(api, page, body)
    assert_as_printed(answered, expected)
    if "update" in page:
        assert answered["allowedCheckCountryCodes"] == ["DE", "US"]
    else:
        assert answered["customerId"] == api.customer


async def test_the_printed_status_change_changes_nothing_else(api: Api) -> None:
    made = await api.create(**{**printed(PAGES[0], "body"), "customerId": CUSTOMER})
    answer = await api.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"status": "disabled"})
    assert answer.status_code == 200
    same = {**made, "status": "disabled"}
    changed = answer.json()
    del same["updatedAt"], changed["updatedAt"]
    assert changed == same


async def test_get_masks_the_password_and_names_the_customer(api: Api) -> None:
    made = await api.create(smtpConfig=CONFIG)
    answer = await api.client.get(f"/api/smtp-monitors/{made['publicId']}")
    assert answer.status_code == 200
    read = answer.json()
    masked = {**CONFIG, "auth": {"user": "username", "pass": "********"}}
    assert read["config"] == read["smtpConfig"] == masked
    assert read["customerName"] == "Example Customer"
    assert list(read["config"]) == ["secure", "ignoreTls", "requireTls", "auth"], (
        "keys stay in the order in which the user sent them"
    )


async def test_the_list_has_the_printed_envelope(api: Api) -> None:
    made = await api.create(smtpConfig=CONFIG, name="Only One Of This Name")
    answer = await api.client.get("/api/smtp-monitors", params={"search": "only one OF"})
    assert answer.status_code == 200
    page = answer.json()
    assert list(page) == ["items", "total", "page", "perPage"]
    assert (page["total"], page["page"], page["perPage"]) == (1, 1, 50)
    (item,) = page["items"]
    assert item["publicId"] == made["publicId"]
    assert item["customerName"] == "Example Customer"
    assert item["config"]["auth"]["pass"] == "********"
    assert "smtpConfig" not in item


async def test_a_deleted_monitor_is_not_found(api: Api) -> None:
    made = await api.create()
    path = f"/api/smtp-monitors/{made['publicId']}"
    answer = await api.client.delete(path)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    for again in (await api.client.delete(path), await api.client.get(path), await api.client.patch(path, json={})):
        assert (again.status_code, again.json()["message"]) == (404, "Not found")
    assert await api.value("SELECT deleted_at IS NOT NULL FROM monitor WHERE id = $1", made["id"])
