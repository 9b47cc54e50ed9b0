"""The OpenAPI document agrees with the routes, and the page that shows it works."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.integration.api.conftest import API_PATHS, Api, client_of

MISSING = "33333333-3333-4333-8333-333333333333"
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),
    ("POST", "/api/v3/access-tokens"),
    ("POST", "/hooks/{service}/{channel_id}"),
}
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
FORMS = {
    "/metrics": "text/plain",
    "/api/results/stream": "text/event-stream",
    "/api/events/stream": "text/event-stream",
    "/api/v1/stream": "text/event-stream",
    "/api/v1/maintenance-windows.ics": "text/calendar",
    "/api/v1/rotas/{public_id}/on-call.ics": "text/calendar",
}
"""The content types of the answers that are not JSON."""
SWAGGER_UI_5_31_0 = {
    "swagger-ui.css": "9e576f8322132c76949da47f9bb53c891373c303ea3a761ff548ffc9de50a98c",
    "swagger-ui-bundle.js": "93b7b0862a80e2786f85b560be7693c2344354ffa7e7e224f850a54349724c31",
}
"""SHA-256 of the files of Swagger UI 5.31.0; flask-openapi3-swagger 5.31.0, which others make, holds the same."""


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    answer = await api.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_operation_documents_its_answers_with_examples_and_its_security(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert [(scheme["type"], scheme.get("scheme") or scheme["in"]) for scheme in schemes.values()] == [
        ("http", "bearer"),
        ("apiKey", "cookie"),
    ]
    found = operations(document)
    assert len(found) > 50
    for method, path, operation in found:
        where = f"{method} {path}"
        assert operation["summary"], where
        ours = path.startswith("/api/v1")
        done = {"200", "201", "202", "204"} & operation["responses"].keys() if ours else {"200"}
        done = {"204"} if method == "DELETE" and path.startswith("/api/v3") else done
        assert done, where
        needed = done if path == "/healthz" else done | {"503"}
        if path.startswith("/api/"):
            needed |= {"429", "500"}
        if (method, path) not in OPEN:
            assert operation["security"] == [{name: []} for name in schemes], where
            needed |= {"401"}
        without_body = "trigger" in path or (path.startswith("/api/escalation-config") and path.endswith("/test"))
        if method in {"POST", "PATCH"} and not without_body and (not ours or "requestBody" in operation):
            needed |= {"400", "413", "415"}
            assert operation["requestBody"]["content"].keys() == {"application/json"}, where
        assert needed <= operation["responses"].keys(), where
        problem = "AlertSiteErrors" if path.startswith("/api/v3") else "ProblemDetails" if ours else "Problem"
        for status, response in operation["responses"].items():
            if status in {"204", "304"}:
                continue
            form = FORMS.get(path, JSON) if status in done else PROBLEM_JSON if ours else JSON
            content = response["content"][form]
            assert content["examples"], f"{where} {status}"
            if status not in done:
                assert content["schema"] == {"$ref": f"#/components/schemas/{problem}"}, f"{where} {status}"


async def test_the_document_names_every_route_and_no_other(api: Api, document: dict[str, Any]) -> None:
    there = {
        (method, route.path_format)
        for route in api.application.routes
        for method in getattr(route, "methods", ())
        if method not in {"OPTIONS", "HEAD"} and route.path.startswith(API_PATHS)
    }
    assert {(method, path) for method, path, _ in operations(document)} == there


async def test_the_examples_of_the_document_work_when_sent(api: Api, document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["NewSmtpMonitor"]
    example = {
        name: described["examples"][0] for name, described in _properties(schema).items() if "examples" in described
    }
    answer = await api.client.post("/api/smtp-monitors", json={**example, "customerId": api.customer})
    assert answer.status_code == 200, answer.text


async def test_the_documented_fields_of_a_monitor_are_those_of_the_answer(api: Api, document: dict[str, Any]) -> None:
    made = await api.create()
    read = (await api.client.get(f"/api/smtp-monitors/{made['publicId']}")).json()
    page = (await api.client.get("/api/smtp-monitors")).json()
    schemas = document["components"]["schemas"]
    for name, answer in (
        ("SmtpMonitorAnswer", made),
        ("SmtpMonitorDetail", read),
        ("UptimeifyMonitorPage", page),
        ("ListedMonitor", page["items"][0]),
    ):
        assert set(_properties(schemas[name])) == set(answer) == set(schemas[name]["required"]), name
    for path, status in ((f"/api/smtp-monitors/{MISSING}", "404"), ("/api/smtp-monitors/x", "400")):
        problem = (await api.client.get(path)).json()
        documented = document["paths"]["/api/smtp-monitors/{public_id}"]["get"]["responses"][status]
        examples = documented["content"]["application/json"]["examples"]
        assert problem in [example["value"] for example in examples.values()], path


async def test_the_schemas_have_bounds_and_choices_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    fields = _properties(schemas["NewSmtpMonitor"])
    assert fields["status"]["enum"] == ["active", "maintenance", "disabled", "paused", "inactive"]
    assert (fields["checkInterval"]["minimum"], fields["checkInterval"]["maximum"]) == (1, 1440)
    assert _properties(schemas["SmtpMonitorAnswer"])["createdAt"]["format"] == "date-time"
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(schemas)


class Links(HTMLParser):
    """Collects every URL that a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "base":
                self.base = value or ""
            elif name in {"src", "href"} and value:
                self.found.append(value)


@pytest.mark.parametrize("path", ["/schema", "/schema/"])
async def test_the_page_works_without_any_other_host(api: Api, path: str) -> None:
    async with client_of(api.application) as client:
        page = await client.get(path)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "http" not in policy
        links = Links()
        links.feed(page.text)
        assert len(links.found) == 5
        for link in [*links.found, "openapi.json"]:
            assert not re.match(r"(\w+:)?//", link), link
            answer = await client.get(links.base + link)
            assert (answer.status_code, bool(answer.content)) == (200, True), link
            assert answer.headers["x-content-type-options"] == "nosniff"
        start = (await client.get("/schema/assets/start.js")).text
        assert "http" not in start
        assert "validatorUrl: null" in start  # otherwise it would send the document to a host of its vendor


async def test_the_page_s_program_is_swagger_ui_as_its_project_released_it(api: Api) -> None:
    """The package has one maintainer: a release with other contents must not go unnoticed (docs/decisions, 028)."""
    for name, digest in SWAGGER_UI_5_31_0.items():
        answer = await api.client.get(f"/schema/assets/{name}")
        assert hashlib.sha256(answer.content).hexdigest() == digest, name


@pytest.mark.parametrize("path", ["/schema/x", "/schema/assets/x", "/schema/assets/index.html", "/schema/openapi.yaml"])
async def test_an_unknown_file_of_the_page_is_404_in_our_form(api: Api, path: str) -> None:
    answer = await api.client.get(path)
    assert answer.json() == {"statusCode": 404, "statusMessage": "Not Found", "message": "Not Found"}
    assert answer.status_code == 404


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = schema["properties"]
    return properties
