"""The AsyncAPI document of the event stream and the page that shows it."""

from __future__ import annotations

import json

from controller.api.asyncapi.document import document
from tests.integration.api.conftest import Api, client_of


async def test_document_and_page_need_no_token_and_load_nothing_from_other_hosts(api: Api) -> None:
    async with client_of(api.application) as client:  # without a token
        described = await client.get("/schema/asyncapi.json")
        assert (described.status_code, described.headers["content-type"]) == (200, "application/json")
        assert described.json() == json.loads(json.dumps(document()))
        shown = await client.get("/schema/stream")
        assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "mailprobe.event.{organization}.{customer}.{monitor}.incident" in shown.text
        for answer in (described, shown):
            assert answer.headers["content-security-policy"].startswith("default-src 'self'; style-src 'self'")
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_of_the_api_links_to_the_page_of_the_stream(api: Api) -> None:
    async with client_of(api.application) as client:
        assert '<a href="stream">' in (await client.get("/schema")).text
