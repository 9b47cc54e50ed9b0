"""Creates IMAP/POP monitors for the tests of their routes."""

from __future__ import annotations

from typing import Any

from tests.integration.api.conftest import CUSTOMER, Api

PATH = "/api/imap-pop-monitors"
BODY = {"customerId": CUSTOMER, "name": "Mailbox Access", "hostname": "mail.example.com"}


async def create(api: Api, **fields: Any) -> dict[str, Any]:
    """`fields` are added to the required fields."""
    answer = await api.client.post(PATH, json={**BODY, **fields})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made
