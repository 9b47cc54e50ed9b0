"""The curl lines and the Python program of the vendor's page run as printed, against a listening server."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from controller.app import ControllerServer
from tests.integration.api.alertsite.client import make_person, read
from tests.integration.api.conftest import Api

PRINTED = Path(__file__).parents[1] / "vendor_pages"
PROGRAM = PRINTED / "alertsite-create-email-monitor.py.txt"
VENDOR = "https://api.alertsite.com"
EMAIL, PASSWORD = "printed@example.com", "an0therPassw0rd"
SUCCESS = re.compile(r"Successfully created the monitor\. ID:([0-9]+)\n")
FAILURE = "Could not create a monitor. The following error(s) occurred:"

pytestmark = pytest.mark.usefixtures("_person")


@pytest.fixture(scope="module")
async def _person(api: Api) -> None:
    await make_person(api, EMAIL, PASSWORD)
    await make_person(api, "reader@example.com", PASSWORD, role="readonly", customers=[api.customer])


@pytest.fixture(scope="module")
async def base_url(api: Api) -> AsyncIterator[str]:
    """The base URL that the application listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = ControllerServer(uvicorn.Config(api.application, lifespan="off", log_config=None, ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not (server.started or serving.done()):
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def run(*command: str, stdin: str | None = None) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(stdin.encode() if stdin else b"")
    return out.decode(), err.decode()


async def run_program(base_url: str, *mistakes: tuple[str, str], user: str = EMAIL) -> str:
    """Run the program with our base URL, user and password and with `mistakes` replaced; return what it prints."""
    program = PROGRAM.read_text()
    changes = [(VENDOR, base_url), ("[email protected]", user), ("pa55w0rd", PASSWORD), *mistakes]
    for printed, instead in changes:
        assert printed in program
        program = program.replace(printed, instead)
    out, err = await run(sys.executable, "-", stdin=program)
    assert err == "", err
    return out


async def run_curl(line: str, base_url: str, token: str) -> tuple[int, object]:
    """Run a curl line as a shell would, with our host and token; return the status and the answer."""
    words = shlex.split(line.replace("\\\n", " ").replace(VENDOR, base_url).replace("ACCESS_TOKEN", token))
    out, _ = await run(*words, "--silent", "--write-out", "\n%{http_code}")
    body, _, status = out.rpartition("\n")
    return int(status), json.loads(body)


async def access_token(api: Api, user: str = EMAIL) -> str:
    answer = await api.client.post("/api/v3/access-tokens", json={"username": user, "password": PASSWORD})
    token = answer.json()["access_token"]
    assert isinstance(token, str)
    return token


async def test_the_program_prints_that_it_created_a_monitor(api: Api, base_url: str) -> None:
    made = SUCCESS.fullmatch(await run_program(base_url))
    assert made
    found = await read(api, made[1])
    assert {key: found[key] for key in ("billing_plancode", "name", "hostname", "interval", "enabled", "type")} == {
        "billing_plancode": "UBM - A/A",
        "name": "Email Sample Monitor",
        "hostname": "smtp.mycompany.com",
        "interval": 15,
        "enabled": True,
        "type": "email-smtp",
    }
    assert found["customer_id"] == api.customer


@pytest.mark.parametrize(
    ("mistakes", "texts"),
    [
        pytest.param(
            [("    'billing_plancode': 'UBM - A/A',\n", "")], ["billing_plancode is required"], id="the plan is missing"
        ),
        pytest.param([("'UBM - A/A'", "''")], ["billing_plancode must be 1 to 255 characters"], id="the plan is empty"),
        pytest.param([("    'name': 'Email Sample Monitor',\n", "")], ["name is required"], id="the name is missing"),
        pytest.param(
            [("'Email Sample Monitor'", "' '")], ["name must be 1 to 255 printable characters"], id="the name is blank"
        ),
        pytest.param(
            [("    'hostname': 'smtp.mycompany.com',\n", "")], ["hostname is required"], id="the host is missing"
        ),
        pytest.param(
            [("smtp.mycompany.com", "imap://smtp.mycompany.com")],
            ["hostname must not begin with anything but smtp:// or smtps:// here"],
            id="the host has the scheme of another protocol",
        ),
        pytest.param(
            [("'interval': 15", "'interval': 0")],
            ["interval must be a whole number from 1 to 1440"],
            id="the interval is 0",
        ),
        pytest.param([("True", "'yes'")], ["enabled must be true or false"], id="a flag is a string"),
        pytest.param(
            [
                ("    'billing_plancode': 'UBM - A/A',\n", ""),
                ("smtp.mycompany.com", "not a host"),
                ("'interval': 15", "'interval': 'often'"),
                ("True", "None, 'locations': [{'id': 4711}], 'mode': 'global verify', 'timeout': 301"),
            ],
            [
                "billing_plancode is required",
                "hostname must hold a valid host name or IP address",
                "interval must be a whole number from 1 to 1440",
                "timeout must be a whole number from 1 to 300",
                "locations must name known locations: 4711 is unknown",
                "mode must be one of Primary, Global Notify, Global Verify, Round Robin, SLA",
            ],
            id="several mistakes at once",
        ),
    ],
)
async def test_the_program_prints_every_mistake(
    base_url: str, mistakes: list[tuple[str, str]], texts: list[str]
) -> None:
    printed = await run_program(base_url, *mistakes)
    errors = [str({"code": 400, "message": f"invalid_request - {text}"}) for text in texts]
    assert printed.splitlines() == [FAILURE, *errors]


async def test_the_program_prints_that_its_user_is_not_permitted(base_url: str) -> None:
    printed = await run_program(base_url, user="reader@example.com")
    assert printed.splitlines() == [FAILURE, str({"code": 403, "message": "Forbidden"})]


async def test_the_program_prints_that_the_type_is_unknown(base_url: str) -> None:
    printed = await run_program(base_url, ("/monitors/email-smtp", "/monitors/email-uucp"))
    assert printed.splitlines()[0] == FAILURE
    assert len(printed.splitlines()) == 2


async def test_the_program_prints_that_its_token_is_invalid(api: Api, base_url: str) -> None:
    printed = await run_program(base_url, ("['access_token']", "['access_token'][::-1]"))
    assert printed.splitlines() == [FAILURE, str({"code": 401, "message": "Unauthorized"})]


@pytest.mark.parametrize("page", ["bash", "windows"])
async def test_the_printed_curl_lines_create_a_monitor(api: Api, base_url: str, page: str) -> None:
    line = (PRINTED / f"alertsite-curl-{page}.txt").read_text()
    if page == "windows":  # the page breaks the line for readability and escapes the quotes for the Windows shell
        line = line.replace("\n", " ").replace("\\", "")
    status, answer = await run_curl(line, base_url, await access_token(api))
    assert isinstance(answer, dict)
    assert (status, list(answer)) == (200, ["id"])
    assert re.fullmatch(r"[0-9]+", answer["id"])
    assert (await read(api, answer["id"]))["interval"] == 15


async def test_the_printed_error_is_that_of_a_wrong_login(api: Api) -> None:
    answer = await api.client.post("/api/v3/access-tokens", json={"username": EMAIL, "password": "wrong"})
    printed = {"errors": [{"code": 400, "message": "invalid_request - User authentication failed."}]}
    assert (answer.status_code, answer.json()) == (400, printed)
