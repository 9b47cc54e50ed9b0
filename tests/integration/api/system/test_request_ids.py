"""Each request has an id, in its answer and in every log line about it; answers of our own API are compressed."""

from __future__ import annotations

import re

import pytest
import structlog

from tests.integration.api.conftest import Api


@pytest.mark.parametrize("path", ["/healthz", "/api/customers", "/api/v3/monitors", "/api/v1/audit", "/nothing"])
async def test_an_id_that_is_sent_comes_back(api: Api, path: str) -> None:
    answer = await api.client.get(path, headers={"X-Request-Id": "deploy-4711.a_b"})
    assert answer.headers.get_list("x-request-id") == ["deploy-4711.a_b"]


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 129, "a;b"])
async def test_without_a_good_one_a_new_one_is_made(api: Api, sent: str | None) -> None:
    headers = {} if sent is None else {"X-Request-Id": sent}
    ids = {(await api.client.get("/healthz", headers=headers)).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)


async def test_it_is_in_every_log_line_of_its_request(api: Api) -> None:
    monitor = await api.create()
    api.dispatcher.away = True
    try:
        with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
            path = f"/api/smtp-monitors/{monitor['publicId']}/trigger-check"
            answer = await api.client.post(path, headers={"X-Request-Id": "one"})
            assert answer.status_code >= 400
            structlog.get_logger().info("afterwards")
    finally:
        api.dispatcher.away = False
    *about, afterwards = logged
    assert all(line["request_id"] == "one" for line in about)
    assert "request_id" not in afterwards


async def test_our_own_answers_are_compressed_for_clients_that_read_it(api: Api) -> None:
    path = "/api/v1/audit"
    for _ in range(4):
        await api.create()
    plain = await api.client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await api.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
