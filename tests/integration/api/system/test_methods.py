"""HEAD wherever there is GET, and the header Allow, which names every method of a path."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from litestar.routes import HTTPRoute

from controller.pages.shell.static_files import asset
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.serving import serving

UNKNOWN = "33333333-3333-4333-8333-333333333333"
EACH_TIME = {"date", "x-ratelimit-remaining", "x-request-id", "set-cookie", "content-security-policy"}
"""Headers that differ between two answers to the same request."""


def paths(api: Api) -> Iterator[tuple[str, set[str]]]:
    """Every path, with an identifier that nobody has, and the methods that it has handlers for."""
    for route in api.application.routes:
        if isinstance(route, HTTPRoute):
            found = {str(method) for handler in route.route_handlers for method in handler.http_methods}
            yield re.sub(r"{\w+}", UNKNOWN, route.path_format), found


def listed(answer: httpx.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))


async def test_options_names_every_method_of_each_path(api: Api) -> None:
    for path, methods in paths(api):
        answer = await api.client.options(path)
        assert answer.status_code == 204, path
        assert listed(answer) == methods | ({"HEAD"} if "GET" in methods else set()), path


async def test_an_answer_to_a_method_that_a_path_has_not_names_those_that_it_has(api: Api) -> None:
    for path, methods in paths(api):
        answer = await api.client.request("TRACE", path)
        assert answer.status_code == 405, path
        assert listed(answer) == methods | ({"HEAD"} if "GET" in methods else set()), path


async def test_head_has_the_status_and_the_headers_of_get_and_no_body(api: Api) -> None:
    reading = [path for path, methods in paths(api) if "GET" in methods and not path.endswith(("stream", "/live"))]
    reading += [asset("style.css"), "/nothing", "/api/nothing"]
    async with client_of(api.application) as stranger:
        for client in (api.client, stranger):
            for path in reading:
                for accept in ("text/html", "application/json"):
                    got = await client.get(path, headers={"Accept": accept})
                    head = await client.head(path, headers={"Accept": accept})
                    assert (head.status_code, head.content) == (got.status_code, b""), path
                    assert steady(head) == steady(got), path


def steady(answer: httpx.Response) -> dict[str, str]:
    """The headers that do not differ from one answer to the next. Pages show times, and metrics count, so that their
    lengths do.
    """
    kind = answer.headers.get("content-type", "")
    changing = EACH_TIME | ({"content-length"} if kind.startswith(("text/html", "text/plain")) else set())
    return {name: value for name, value in answer.headers.items() if name not in changing}


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/results?format=csv", "/healthz", "/login"])
async def test_a_server_answers_head_and_then_the_next_request(api: Api, path: str) -> None:
    """A body, or a length that does not fit, would be taken for the next answer."""
    async with serving(api.application) as url, httpx.AsyncClient(base_url=url) as client:
        client.headers["Authorization"] = api.client.headers["Authorization"]
        for _ in range(3):
            got, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert steady(head).get("content-length") == steady(got).get("content-length")


@pytest.mark.parametrize("path", ["/api/results/stream", "/api/events/stream", "/api/v1/stream"])
async def test_head_of_a_stream_ends_at_once_and_leaves_none_open(api: Api, path: str) -> None:
    async with serving(api.application) as url, httpx.AsyncClient(base_url=url, timeout=5) as client:
        client.headers["Authorization"] = api.client.headers["Authorization"]
        for _ in range(10):  # more than one caller may have open
            head = await client.head(path)
            assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream")


async def test_options_of_the_whole_server_names_all_its_methods(api: Api) -> None:
    async with serving(api.application) as url, httpx.AsyncClient() as client:
        answer = await client.request("OPTIONS", url, extensions={"target": b"*"})
    assert answer.status_code == 204
    assert listed(answer) == {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}


async def test_head_is_counted_as_head_of_its_route(api: Api) -> None:
    before = counted(api)
    await api.client.head(f"/api/smtp-monitors/{UNKNOWN}")
    assert counted(api) == before + 1


def counted(api: Api) -> float:
    state = api.application.state.services.metrics.counts.requests.state()
    return float(sum(state.get("/api/smtp-monitors/{public_id} HEAD 404", [0])))
