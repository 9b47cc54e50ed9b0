"""Monitors of our own API, as the tests create and read them."""

from __future__ import annotations

from typing import Any

from tests.integration.api.conftest import CUSTOMER, Api

PATH = "/api/v1/monitors"
TARGETS: dict[str, dict[str, Any]] = {
    "smtp": {"host": "smtp.example.com", "tls": "required", "ehloName": "probe.example.com"},
    "imap": {"host": "imap.example.com", "tls": "implicit", "mailbox": "Probe"},
    "pop3": {"host": "pop.example.com", "tls": "none"},
}
SECRET = "correct horse battery staple"


def body(kind: str = "smtp", **fields: Any) -> dict[str, Any]:
    target = {"kind": kind, **TARGETS[kind], **fields.pop("target", {})}
    return {"name": "Mail", "customerId": CUSTOMER, "target": target, **fields}


async def create(api: Api, kind: str = "smtp", **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json=body(kind, **fields))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    return made


async def config_of(api: Api, monitor: dict[str, Any]) -> dict[str, Any]:
    """The config as it is stored, its secrets in clear."""
    stored = await api.value("SELECT config FROM monitor WHERE public_id = $1::text::uuid", monitor["id"])
    return api.vault.reveal(stored)


def problems(answer: Any) -> dict[str, str]:
    """The rules that were broken, by field."""
    assert answer.status_code == 400, answer.text
    return {error["field"]: error["rule"] for error in answer.json()["errors"]}
