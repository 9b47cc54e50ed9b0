"""`/healthz`: this process answers. `/readyz`: it can work, or which of its dependencies does not, and
why."""

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
from controller.model.dependencies import Dependency
from controller.pipeline.ops.broker_watch import NOT_CONNECTED
from controller.pipeline.ops.health import store_words
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.pool import StoreUnavailableError

log = structlog.get_logger()

_DATABASE_SECONDS = 3.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["ok", "ready"]


@get(
    "/healthz",
    opt={PERMISSION: Permission.PUBLIC, UNCOUNTED: True},
    operation_id="getHealth",
    summary="Whether the process is alive",
    tags=["System"],
    responses={200: answers(Health, "Alive", {"status": "ok"})},
)
async def healthz() -> Health:
    return Health(status="ok")


@get(
    "/readyz",
    opt={PERMISSION: Permission.PUBLIC, UNCOUNTED: True},
    operation_id="getReadiness",
    summary="Whether the broker and the database, with the schema of this version, are there and can store",
    tags=["System"],
    responses={
        200: answers(Health, "Ready", {"status": "ready"}),
        **refusals(token=False, s503="Not ready: database"),
    },
)
async def readyz(services: GivenServices) -> Response[Health] | Response[Problem]:
    reasons = {part.value: known.text for part, known in services.health.problems.items()}
    if not services.bus.connected:
        reasons.setdefault(Dependency.NATS, NOT_CONNECTED)
    if unready := await _database_problem(services):
        reasons[Dependency.DATABASE] = unready
    if not reasons:
        return Response(Health(status="ready"))
    missing = [part.value for part in Dependency if part in reasons]
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"Not ready: {', '.join(missing)}",
        data={"missing": missing, "reasons": {part: reasons[part] for part in missing}},
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _database_problem(services: GivenServices) -> str | None:
    """Why the database cannot be read, or has another schema."""
    try:
        async with asyncio.timeout(_DATABASE_SECONDS):
            await require_current(services.database)
    except SchemaError as error:
        log.warning("database_not_ready", error=str(error))
        return str(error)
    except (StoreUnavailableError, TimeoutError) as error:
        log.warning("database_not_ready", error=str(error) or "no answer in time")
        return store_words(error if isinstance(error, StoreUnavailableError) else StoreUnavailableError())
    return None
