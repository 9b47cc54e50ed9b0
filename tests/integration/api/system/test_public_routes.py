"""What strangers can call, and that it tells them nothing about this installation: no names, versions or volumes."""

from __future__ import annotations

import platform
import socket
from importlib.metadata import version

import pytest
from litestar.routes import HTTPRoute

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from tests.integration.api.conftest import CUSTOMER, Api, client_of

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
    ("POST", "/api/v3/access-tokens"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/login/code"),
    ("POST", "/login/code"),
    ("POST", "/login/sign-on"),
    ("GET", "/login/sign-on/{public_id:str}"),
    ("GET", "/login/sign-on/{public_id:str}/return"),
    ("POST", "/logout"),
    ("GET", "/help"),
    ("GET", "/help/{name:str}"),
    ("GET", "/wall/screen"),
    *(("GET", f"/calendar/{name}.ics") for name in ("maintenance", "rota")),
    ("POST", "/wall/screen"),
    ("GET", "/static/{digest:str}/{name:str}"),
    *((method, f"/{what}/{{token:str}}") for method in ("GET", "POST") for what in ("ack", "unsubscribe")),
    ("POST", "/hooks/{service:str}/{channel_id:str}"),
    ("GET", "/schema"),
    ("GET", "/schema/{path:str}"),
    ("GET", "/schema/openapi.json"),
    ("GET", "/schema/assets/{name:str}"),
    ("GET", "/schema/asyncapi.json"),
    ("GET", "/schema/stream"),
}
HEADERS = {
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "location",
    "referrer-policy",
    "retry-after",
    "set-cookie",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-request-id",
}
SECRET_NAME = "Quiet Harbour Mail"


def test_the_routes_for_strangers_are_a_closed_set(api: Api) -> None:
    found = {
        (method, route.path_format)
        for route in api.application.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get(PERMISSION) is Permission.PUBLIC
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    }
    assert {(method, path) for method, path in found} == {(method, path.replace(":str", "")) for method, path in PUBLIC}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *sorted((method, path) for method, path in PUBLIC if "{" not in path),
        ("GET", "/schema/assets/start.js"),
        ("GET", "/schema/nothing"),
        ("GET", "/static/0/nothing"),
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/metrics"),
        ("GET", "/api/locations"),
        ("GET", "/api/nothing"),
        ("GET", "/api/v3/nothing"),
        ("BREW", "/api/locations"),
        ("OPTIONS", "/api/locations"),
        ("GET", "/monitors/33333333-3333-4333-8333-333333333333"),
    ],
)
async def test_no_answer_to_a_stranger_tells_names_versions_or_volumes(api: Api, method: str, path: str) -> None:
    body = {"customerId": CUSTOMER, "name": SECRET_NAME, "hostname": "hidden.example.com"}
    made = await api.client.post("/api/smtp-monitors", json=body)
    assert made.status_code == 200
    locations = [location["name"] for location in (await api.client.get("/api/locations")).json()]
    async with client_of(api.application) as stranger:
        stranger.headers.pop("Authorization", None)
        for accept in ("text/html", "application/json"):
            answer = await stranger.request(
                method, path, headers={"Accept": accept}, json={} if method == "POST" else None
            )
            told = f"{answer.headers}\n{answer.text}"
            assert set(answer.headers) <= HEADERS
            assert answer.status_code < 500
            for hidden in (SECRET_NAME, "hidden.example.com", made.json()["publicId"]):
                assert hidden not in told
            for name in (version("litestar"), platform.python_version(), socket.gethostname()):
                assert f'"{name}"' not in told
                assert f"/{name}" not in told
            # The examples of the API's description are made up; the text beside them is the same everywhere.
            if not path.startswith("/schema"):
                assert version("mailprobe") not in told
                assert not [name for name in (*locations, "Example Customer") if name in answer.text]
