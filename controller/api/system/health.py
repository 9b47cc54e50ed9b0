"""`/healthz`: this process answers. `/readyz`: it can work, or which of its dependencies is missing."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Literal

import msgspec
import structlog
from litestar import Response, get

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, UNCOUNTED
from controller.http.openapi import answers, refusals
from controller.http.problems import RETRY_AFTER_SECONDS, Problem, problem
from controller.http.services import GivenServices
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.pool import StoreUnavailableError

log = structlog.get_logger()

_DATABASE_SECONDS = 3.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["ok", "ready"]


@get(
    "/healthz",
    opt={PERMISSION: Permission.PUBLIC, UNCOUNTED: True},
    summary="Whether the process is alive",
    tags=["System"],
    responses={200: answers(Health, "Alive", {"status": "ok"})},
)
async def healthz() -> Health:
    return Health(status="ok")


@get(
    "/readyz",
    opt={PERMISSION: Permission.PUBLIC, UNCOUNTED: True},
    summary="Whether the broker and the database, with the schema of this version, are available",
    tags=["System"],
    responses={
        200: answers(Health, "Ready", {"status": "ready"}),
        **refusals(token=False, s503="Not ready: database"),
    },
)
async def readyz(services: GivenServices) -> Response[Health] | Response[Problem]:
    missing = [] if await _database_ready(services) else ["database"]
    if not services.bus.connected:
        missing.append("nats")
    if not missing:
        return Response(Health(status="ready"))
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"Not ready: {', '.join(missing)}",
        data={"missing": missing},
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _database_ready(services: GivenServices) -> bool:
    try:
        async with asyncio.timeout(_DATABASE_SECONDS):
            await require_current(services.database)
    except (StoreUnavailableError, SchemaError, TimeoutError) as error:
        log.warning("database_not_ready", error=str(error) or "no answer in time")
        return False
    return True
