"""All errors of AlertSite's routes have the same form of body."""

from __future__ import annotations

import pytest

from tests.integration.api.alertsite.client import BODY, create, messages, request
from tests.integration.api.conftest import Api


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "status", "message"),
        [
            pytest.param("GET", "/nonsense", 404, "Record not found", id="an unknown path"),
            pytest.param("PUT", "/monitors", 405, "Method Not Allowed", id="an unknown method"),
            pytest.param("GET", "/monitors?limit=0", 400, None, id="a limit below 1"),
            pytest.param("GET", "/monitors?limit=1001", 400, None, id="a limit above 1000"),
            pytest.param("GET", "/monitors?offset=x", 400, None, id="an offset that is no number"),
            pytest.param("GET", "/monitors?type=mail", 400, None, id="an unknown type"),
            pytest.param("GET", "/report-sitestatus?monitors=a", 400, None, id="a monitor that is no number"),
            pytest.param(
                *(
                    "GET",
                    "/report-sitestatus?showrecs=all",
                    400,
                    "invalid_request - showrecs must be one of err, ok",
                ),
                id="an unknown kind of records",
            ),
        ],
    )
    async def test_every_error_has_the_same_body(
        self, api: Api, method: str, path: str, status: int, message: str | None
    ) -> None:
        answer = await request(api, method, path)
        assert answer.status == status
        [error] = messages(answer.body, status)
        assert error == message if message else error.startswith("invalid_request - ")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b'{"name": "a" "b": 1}'], ids=repr)
    async def test_a_body_that_is_no_object_is_a_400(self, api: Api, body: bytes) -> None:
        number = await create(api)
        for method, path in [("POST", ""), ("PATCH", f"/{number}")]:
            status, answer = await request(
                api,
                method,
                f"/monitors/email-smtp{path}",
                content=body,
                headers={"Content-Type": "application/json"},
            )
            assert status == 400, answer
            assert messages(answer, 400)[0].startswith("invalid_request - body ")

    async def test_a_body_beyond_the_limit_is_413(self, api: Api) -> None:
        status, answer = await request(api, "POST", "/monitors/email-smtp", json={**BODY, "note": "n" * 300_000})
        assert (status, messages(answer, 413)) == (413, ["Request Entity Too Large"])
