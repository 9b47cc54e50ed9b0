"""How many requests one controller answers while it schedules and ingests, and how fast at a hundred a second."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.bench import load, many_monitors
from tests.bench.figures import Figures, Meter
from tests.bench.load import Answers, Load, Request
from tests.bench.processes import child_process, product
from tests.system import monitors
from tests.system.product import Product

_INTERVAL_SECONDS = 60
_SETTLE_SECONDS = 5.0
_CLOSED_SECONDS = 5.0
_OPEN_SECONDS = 15.0
_PER_SECOND = 100.0


async def measure(others: int) -> Figures:
    """With `others` in the organization, each checked once a minute from two locations meanwhile."""
    async with child_process("tests.bench.responder") as line, product() as running:
        port = int(line)
        await many_monitors.insert(running.record["databaseUrl"], others, port=port, interval_seconds=_INTERVAL_SECONDS)
        one = await asyncio.to_thread(monitors.create, running, port)
        await asyncio.sleep(_SETTLE_SECONDS)
        meter = Meter(running.record["pids"])
        await asyncio.sleep(_SETTLE_SECONDS)
        idle = meter.cores()
        health, _ = await _closed(running, Request("healthz", "GET", "/healthz"))
        get, cores = await _closed(running, Request("get", "GET", f"/api/smtp-monitors/{one}"))
        page, _ = await _closed(running, Request("list", "GET", "/api/smtp-monitors"))
        ours = await _ours(running, one)
        meter = Meter(running.record["pids"])
        mixed = await load.run(
            _load(
                running,
                [
                    Request("create", "POST", "/api/smtp-monitors", json.dumps(_new(port))),
                    Request("list", "GET", "/api/smtp-monitors"),
                ],
                seconds=_OPEN_SECONDS,
                per_second=_PER_SECOND,
            )
        )
        _all_well(mixed)
        open_cores = meter.cores()
    return {
        "scheduled_checks_per_second": round(2 * others / _INTERVAL_SECONDS, 1),
        "get_per_second": get.per_second,
        "get_latency_ms": get.latency_ms["get"],
        "baseline_healthz_per_second": health.per_second,
        "ratio": round(get.per_second / health.per_second, 2),
        "list_of_50_per_second": page.per_second,
        "v1_at_100_per_second": ours,
        "cores_at_get": cores,
        "cores_before": idle,
        "open_loop_100_per_second": {
            "create_latency_ms": mixed.latency_ms["create"],
            "list_latency_ms": mixed.latency_ms["list"],
            "cores": open_cores,
        },
    }


async def _ours(running: Product, one: str) -> Figures:
    """Our own API: one monitor, and a list of 50, each at a hundred requests a second."""
    found: Figures = {}
    for request in (Request("get", "GET", f"/api/v1/monitors/{one}"), Request("list", "GET", "/api/v1/monitors")):
        meter = Meter(running.record["pids"])
        answers = await load.run(_load(running, [request], seconds=_OPEN_SECONDS, per_second=_PER_SECOND))
        _all_well(answers)
        found[f"{request.name}_latency_ms"] = answers.latency_ms[request.name]
        found[f"{request.name}_cores"] = meter.cores()
    return found


async def _closed(running: Product, request: Request) -> tuple[Answers, dict[str, float]]:
    meter = Meter(running.record["pids"])
    answers = await load.run(_load(running, [request], seconds=_CLOSED_SECONDS))
    _all_well(answers)
    return answers, meter.cores()


def _load(running: Product, requests: list[Request], *, seconds: float, per_second: float | None = None) -> Load:
    return Load(
        port=running.port,
        token=running.record["token"],
        requests=requests,
        seconds=seconds,
        connections=16 if per_second is None else 64,
        per_second=per_second,
    )


def _all_well(answers: Answers) -> None:
    assert answers.statuses.keys() == {"200"}, answers.statuses


def _new(port: int) -> dict[str, Any]:
    return {
        "customerId": 1,
        "name": "made under load",
        "hostname": "127.0.0.1",
        "port": port,
        "checkIntervalSeconds": _INTERVAL_SECONDS,
        "timeoutSeconds": 5,
        "smtpConfig": {"ignoreTls": True},
    }
