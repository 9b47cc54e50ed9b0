"""Linear, GraphQL API: an issue of the team is created under an id that is ours, gets comments, and is moved to a
completed state of its team when the incident ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.notify.errors import DeliveryError, Fault
from controller.notify.handover.alert import AlertStep, HandedAlert, Urgency
from controller.notify.handover.config_values import Config, post, required, required_key, url_of
from controller.notify.webhook.sender import Request, WebhookResponse, refusal

URL = "https://api.linear.app/graphql"
Exchange = Callable[[Request], Awaitable[WebhookResponse]]

_MOST_READ = 64 * 1024
_LIMITED = "RATELIMITED"
_ENDED = frozenset({"completed", "canceled"})
_PRIORITIES = {Urgency.CRITICAL: 1, Urgency.WARNING: 2, Urgency.INFO: 4}
_LONGEST_TITLE = 255

_FIND = """query Find($issue: ID!, $comment: ID!) {
  issues(first: 1, filter: {id: {eq: $issue}}) {
    nodes { id state { type } team { states { nodes { id type position } } } }
  }
  comments(first: 1, filter: {id: {eq: $comment}}) { nodes { id } }
}"""
_CREATE = "mutation Create($input: IssueCreateInput!) { issueCreate(input: $input) { success } }"
_COMMENT = "mutation Comment($input: CommentCreateInput!) { commentCreate(input: $input) { success } }"
_END = """mutation End($issue: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $issue, input: $input) { success }
}"""


class _FoundIssue(NamedTuple):
    """The issue as it is; `completed` are the states that end it, the first of the team's first."""

    ended: bool
    completed: list[str]
    commented: bool


def check(config: Config) -> None:
    """Raises InvalidError."""
    required_key(config, "apiKey", "a personal API key")
    required(config, "teamId", "the id of a team")
    url_of(config, "url", URL)


async def send(exchange: Exchange, config: Config, alert: HandedAlert) -> None:
    """A repeated step changes nothing that is there already. Raises InvalidError, DeliveryError."""
    check(config)
    issue, comment = issue_id(alert.key), issue_id(alert.delivery)

    async def ask(query: str, **variables: Any) -> Any:
        return await _answered(exchange, config, query, variables)

    found = _found(await ask(_FIND, issue=issue, comment=comment))
    if found is None:
        if alert.step is AlertStep.TRIGGER:
            await ask(_CREATE, input=_new(config, alert, issue))
        return
    if not found.commented and not (alert.first and alert.step is AlertStep.TRIGGER):
        text = f"**{alert.title}**\n\n{alert.text}"
        await ask(_COMMENT, input={"id": comment, "issueId": issue, "body": text})
    if alert.step is AlertStep.RESOLVE and not found.ended and found.completed:
        await ask(_END, issue=issue, input={"stateId": found.completed[0]})


def issue_id(key: str) -> str:
    """The key itself if it is a random UUID, as Linear wants ids to be, else one that is made from it."""
    try:
        given = UUID(key)
    except ValueError:
        given = None
    if given is not None and given.version == 4:
        return str(given)
    return str(UUID(bytes=hashlib.sha256(key.encode()).digest()[:16], version=4))


def _new(config: Config, alert: HandedAlert, issue: str) -> dict[str, Any]:
    link = f"[{alert.link}]({alert.link})\n\n" if alert.link else ""
    return {
        "id": issue,
        "teamId": required(config, "teamId", "the id of a team"),
        "title": alert.title[:_LONGEST_TITLE],
        "description": link + alert.text,
        "priority": _PRIORITIES[alert.severity],
    }


async def _answered(exchange: Exchange, config: Config, query: str, variables: dict[str, Any]) -> Any:
    """The data of the answer. Raises DeliveryError."""
    request = post(
        url_of(config, "url", URL),
        {"query": query, "variables": variables},
        Authorization=required_key(config, "apiKey", "a personal API key"),
    )
    answer = await exchange(msgspec.structs.replace(request, most_read=_MOST_READ))
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        body = None
    errors = body.get("errors") if isinstance(body, dict) else None
    if errors and _LIMITED in str(errors):
        raise DeliveryError("Linear has a limit of requests, which is used up", permanent=False, fault=Fault.CHANNEL)
    if not 200 <= answer.status < 300:
        raise refusal("Linear", answer.status)
    if errors or not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        text = "Linear refused the request" if errors else "Linear gave no valid answer"
        raise DeliveryError(text, permanent=bool(errors), status=answer.status)
    return body["data"]


def _found(data: Any) -> _FoundIssue | None:
    """None when there is no such issue. Raises DeliveryError."""
    try:
        nodes = data["issues"]["nodes"]
        if not nodes:
            return None
        states = sorted(nodes[0]["team"]["states"]["nodes"], key=lambda state: float(state["position"]))
        return _FoundIssue(
            ended=nodes[0]["state"]["type"] in _ENDED,
            completed=[str(state["id"]) for state in states if state["type"] == "completed"],
            commented=bool(data["comments"]["nodes"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DeliveryError("Linear gave no valid answer", permanent=False) from error
