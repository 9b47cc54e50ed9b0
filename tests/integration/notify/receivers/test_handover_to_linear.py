"""Hand-over to Linear, whose GraphQL API needs several requests for a step."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest

from controller.notify.channels import Senders
from controller.notify.errors import DeliveryError
from controller.notify.handover.linear import issue_id
from controller.notify.registry import CHANNELS
from controller.notify.sending import Sending
from tests.fakes.notices import a_notice, a_sending

DOWN = "Down: Office mail – 2 of 3 countries cannot connect: refused; US passes"


class Linear:
    """Plays Linear's GraphQL API, with one team that has two completed states."""

    def __init__(self) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, str] = {}
        self.keys: set[str] = set()
        self.refusal: tuple[int, dict[str, Any]] | None = None

    def answer(self, query: str, given: dict[str, Any]) -> dict[str, Any]:
        if query.startswith("query Find"):
            issue = self.issues.get(given["issue"])
            states = [("s-late", "completed", 4), ("s-done", "completed", 3), ("s-todo", "unstarted", 1)]
            nodes = [{"id": name, "type": kind, "position": place} for name, kind, place in states]
            found = (
                [{"id": given["issue"], "state": {"type": issue["type"]}, "team": {"states": {"nodes": nodes}}}]
                if issue
                else []
            )
            there = [{"id": given["comment"]}] if given["comment"] in self.comments else []
            return {"issues": {"nodes": found}, "comments": {"nodes": there}}
        if query.startswith("mutation Create"):
            self.issues[given["input"]["id"]] = {**given["input"], "type": "unstarted", "stateId": None}
            return {"issueCreate": {"success": True}}
        if query.startswith("mutation Comment"):
            self.comments[given["input"]["id"]] = given["input"]["body"]
            return {"commentCreate": {"success": True}}
        self.issues[given["issue"]] |= {"type": "completed", "stateId": given["input"]["stateId"]}
        return {"issueUpdate": {"success": True}}


@pytest.fixture
def linear() -> Iterator[tuple[Linear, dict[str, Any]]]:
    played = Linear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            played.keys.add(self.headers["Authorization"])
            status, body = played.refusal or (200, {"data": played.answer(sent["query"], sent["variables"])})
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    port = server.server_address[1]
    yield played, {"url": f"http://127.0.0.1:{port}/graphql", "apiKey": "lin_api_1", "teamId": "team-1"}
    server.shutdown()
    thread.join()
    server.server_close()


async def send(senders: Senders, sending: Sending) -> None:
    await CHANNELS["linear"].send(senders, sending)


async def test_linear_gets_an_issue_that_is_commented_and_completed(
    senders: Senders, linear: tuple[Linear, dict[str, Any]]
) -> None:
    played, config = linear
    opened = a_sending(config, thread=str(uuid4()))
    await send(senders, opened)
    await send(senders, opened)
    [(number, issue)] = played.issues.items()
    assert (number, issue["teamId"], issue["title"]) == (opened.thread, "team-1", DOWN)
    assert not played.comments
    following = {"thread": opened.thread, "previous_keys": (opened.key,)}
    await send(senders, a_sending(config, notice=a_notice("acknowledged"), **following))
    assert (issue["type"], len(played.comments)) == ("unstarted", 1)
    resolved = a_sending(config, notice=a_notice("resolved"), **following)
    for _ in range(2):
        await send(senders, resolved)
    assert (played.issues[number]["stateId"], len(played.comments)) == ("s-done", 2)
    assert played.keys == {"lin_api_1"}


async def test_the_end_of_an_issue_that_is_gone_makes_none(
    senders: Senders, linear: tuple[Linear, dict[str, Any]]
) -> None:
    played, config = linear
    await send(senders, a_sending(config, notice=a_notice("resolved")))
    assert not played.issues


@pytest.mark.parametrize(
    ("status", "body", "permanent"),
    [
        pytest.param(200, {"errors": [{"message": "no such team"}]}, True, id="refused"),
        pytest.param(400, {"errors": [{"extensions": {"code": "RATELIMITED"}}]}, False, id="too many requests"),
        pytest.param(401, {"errors": [{"message": "key"}]}, True, id="a wrong key"),
        pytest.param(502, {}, False, id="its server fails"),
        pytest.param(200, {"data": {"issues": {"nodes": [{}]}}}, False, id="an answer of another form"),
    ],
)
async def test_what_linear_refuses(
    senders: Senders, linear: tuple[Linear, dict[str, Any]], status: int, body: dict[str, Any], permanent: bool
) -> None:
    played, config = linear
    played.refusal = status, body
    with pytest.raises(DeliveryError) as error:
        await send(senders, a_sending(config))
    assert error.value.permanent is permanent
    assert "lin_api_1" not in str(error.value)


def test_an_issues_id_is_always_a_random_uuid_in_form() -> None:
    mine = str(uuid4())
    assert issue_id(mine) == mine
    assert UUID(issue_id("subject/1")).version == 4
    assert issue_id("subject/1") == issue_id("subject/1") != issue_id("subject/2")
