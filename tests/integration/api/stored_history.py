"""Monitors with half an hour of results, and requests for them, for the tests of `GET /api/results`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx

from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, PhaseTiming
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.outages import REFUSED, TRANSCRIPT_LINE, check_result, make_locations

PATH = "/api/results"
BLIND = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, detail="no route")
PHASES = [
    PhaseTiming(phase=Phase.CONNECT, start_ms=0.5, duration_ms=10.25),
    PhaseTiming(phase=Phase.EHLO, start_ms=11, duration_ms=1.5),
    PhaseTiming(phase=Phase.EHLO, start_ms=20, duration_ms=2.25),
]


class Stored(NamedTuple):
    """Two monitors of our first customer, one of our other customer, and one of another organization, with the same
    rounds.
    """

    smtp: dict[str, Any]
    imap: dict[str, Any]
    other: dict[str, Any]
    strange: dict[str, Any]
    began: datetime

    def checks(self, monitor: dict[str, Any]) -> list[CheckResult]:
        """Thirty rounds from two locations, the newest last. Every tenth fails in de-nbg, every fifteenth is blind in
        fi-hel.
        """
        found = []
        for number in range(30):
            due = self.began + timedelta(minutes=number)
            fault: dict[str, Any] = {"failure": REFUSED, "transcript": [TRANSCRIPT_LINE]} if number % 10 == 9 else {}
            found.append(check_result(monitor, due, "de-nbg", phases=PHASES, **fault))
            found.append(check_result(monitor, due, "fi-hel", **({"failure": BLIND} if number % 15 == 14 else {})))
        return found


async def store(api: Api) -> Stored:
    """Create the monitors and store their results."""
    await make_locations(api)
    imap = await api.client.post(
        "/api/imap-pop-monitors", json={"customerId": CUSTOMER, "name": "=Mailbox", "hostname": "mail.example.com"}
    )
    strange = await api.client.post(
        "/api/smtp-monitors",
        json={"customerId": STRANGE_CUSTOMER, "name": "S", "hostname": "mail.example.com"},
        headers={"Authorization": f"Bearer {api.strange_token}"},
    )
    began = utc_now().replace(microsecond=0) - timedelta(hours=1)
    made = Stored(await api.create(), imap.json(), await api.create(customerId=OTHER_CUSTOMER), strange.json(), began)
    for monitor in made[:4]:
        assert all(await store_results(api.database, made.checks(monitor)))
    return made


async def get_results(api: Api, *, token: str | None = None, **params: Any) -> httpx.Response:
    named = {name.rstrip("_"): value for name, value in params.items()}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await api.client.get(PATH, params=named, headers=headers)


async def page(api: Api, **params: Any) -> dict[str, Any]:
    answer = await get_results(api, **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pages(api: Api, **params: Any) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    for _ in range(1000):
        answer = await page(api, **params, **({"cursor": cursor} if cursor else {}))
        found += answer["results"]
        cursor = answer["nextCursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["checkId"] for item in items]
