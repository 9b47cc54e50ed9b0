"""Monitors over the API: create one, and wait for its checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.system.product import Product, eventually

Check = dict[str, Any]
INTERVAL_SECONDS = 10
HOURLY: dict[str, Any] = {"checkIntervalSeconds": 3600}
"""For a monitor whose next round the test does not wait for."""


def create(product: Product, port: int, **fields: Any) -> str:
    """Create a monitor of 127.0.0.1 with the shortest interval, 10 s, and return its public id."""
    body = {
        "customerId": 1,
        "name": "under test",
        "hostname": "127.0.0.1",
        "port": port,
        "checkIntervalSeconds": INTERVAL_SECONDS,
        "timeoutSeconds": 5,
        "smtpConfig": {"tlsOptions": {"rejectUnauthorized": False}},
    }
    answer = product.api.post("/api/smtp-monitors", json=body | fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["publicId"])


def change(product: Product, monitor: str, **fields: Any) -> None:
    answer = product.api.patch(f"/api/smtp-monitors/{monitor}", json=fields)
    assert answer.status_code == 200, answer.text


def trigger(product: Product, monitor: str) -> None:
    answer = product.api.post(f"/api/smtp-monitors/{monitor}/trigger-check")
    assert answer.status_code == 200, answer.text


def delete(product: Product, monitor: str) -> None:
    answer = product.api.delete(f"/api/smtp-monitors/{monitor}")
    assert answer.json() == {"success": True}


def history(product: Product, monitor: str) -> list[Check]:
    """The monitor's checks, newest first."""
    answer = product.api.get(f"/api/smtp-monitors/{monitor}/check-history", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def checks_from(
    product: Product,
    monitor: str,
    countries: set[str],
    like: Callable[[Check], bool],
    seconds: float = 30.0,
) -> dict[str, Check]:
    """A check of this kind from each of these countries, as soon as there is one from all."""

    def complete() -> dict[str, Check] | None:
        found = {check["countryCode"]: check for check in history(product, monitor) if like(check)}
        return found if found.keys() >= countries else None

    try:
        return eventually(complete, f"such checks from {sorted(countries)}", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}, but {history(product, monitor)}") from None


def after(moment: float) -> Callable[[Check], bool]:
    """Selects checks due after this moment."""
    return lambda check: scheduled(check) >= moment


def scheduled(check: Check) -> float:
    return datetime.fromisoformat(check["scheduledAt"]).timestamp()


def ended(check: Check) -> float:
    return datetime.fromisoformat(check["checkedAt"]).timestamp()


def now() -> float:
    return time.time()
