"""Creates, replaces and changes a monitor, and answers it, for the routes by id and by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from controller.api.v1.monitors.answers import MonitorAnswer, OneMonitor, monitor_answer
from controller.api.v1.monitors.bodies import MonitorPatch, MonitorReplacement
from controller.api.v1.monitors.warned import warned
from controller.decisions.breaches import Breaches
from controller.errors import InvalidError, NotFoundError
from controller.http.bodies import convert_ours
from controller.http.documents.merge_patch import merged
from controller.http.etags import require_match, tagged
from controller.http.monitors.changes import ALL
from controller.http.monitors.settable import SettableMonitor
from controller.http.monitors.writing import write_change, write_new, writing
from controller.http.services import Services
from controller.kinds import kind_named
from controller.kinds.typed import TARGET
from controller.model import Location, Monitor, Principal
from controller.operations.monitors import monitors
from controller.store.monitors.beside import Beside, beside, location_codes
from controller.store.platform.pool import Database
from shared.wire.targets import KINDS

_CANNOT_CHANGE = "must stay the same"
_REQUIRED = ("name", TARGET, "customerId")

Ask = Request[Principal, Any, Any]


async def read(request: Ask, services: Services, principal: Principal, identifier: UUID) -> Response[OneMonitor]:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await monitors.get_monitor(services.database, principal, KINDS, identifier)
    return tagged(request, await warned(services, principal, monitor, await answer_of(services, principal, monitor)))


async def answer_of(services: Services, principal: Principal, monitor: Monitor) -> MonitorAnswer:
    """The answer for a monitor that the caller may see. Raises NotFoundError when it was removed meanwhile."""
    found = await _beside(services.database, principal, monitor.public_id)
    return _answering(found, await location_codes(services.database))(monitor)


async def create(
    request: Ask, services: Services, principal: Principal, body: MonitorReplacement
) -> Response[OneMonitor]:
    """Raises InvalidFieldsError, UnknownCustomerError, ForbiddenError, AlreadyExistsError."""
    made, locations = await write_new(services, principal, body)
    found = await _beside(services.database, principal, made.public_id)
    answer = _answering(found, _codes(locations))(made)
    shown = await warned(services, principal, made, answer, resolving=True)
    response = tagged(request, shown, status_code=HTTPStatus.CREATED)
    response.headers["Location"] = f"/api/v1/monitors/{made.public_id}"
    return response


async def replace(
    request: Ask, services: Services, principal: Principal, identifier: UUID, body: SettableMonitor
) -> Response[OneMonitor]:
    """Raises InvalidFieldsError, NotFoundError, ForbiddenError, AlreadyExistsError, PreconditionFailedError."""
    return await _change(request, services, principal, identifier, ALL, lambda _: body)


async def patch(
    request: Ask, services: Services, principal: Principal, identifier: UUID, body: MonitorPatch
) -> Response[OneMonitor]:
    """Raises InvalidFieldsError, NotFoundError, ForbiddenError, AlreadyExistsError, PreconditionFailedError."""
    sent: dict[str, Any] = msgspec.to_builtins(body)

    names = {field.name for field in msgspec.structs.fields(SettableMonitor) if field.encode_name in sent}
    names |= {TARGET} if sent.get("kind") else set()
    return await _change(
        request, services, principal, identifier, frozenset(names), lambda current: _patched(current, sent)
    )


async def delete(request: Ask, services: Services, principal: Principal, identifier: UUID) -> None:
    """Raises NotFoundError, ForbiddenError, PreconditionFailedError."""
    found = await _beside(services.database, principal, identifier)
    codes = await location_codes(services.database)
    answer = _answering(found, codes)
    await monitors.delete_monitor(
        services.database,
        principal,
        KINDS,
        identifier,
        agreed=lambda monitor: require_match(request, answer(monitor)),
    )


async def _change(
    request: Ask,
    services: Services,
    principal: Principal,
    identifier: UUID,
    sent: frozenset[str],
    decide: Callable[[MonitorAnswer], SettableMonitor],
) -> Response[OneMonitor]:
    """`decide` says by the present monitor the body of which the fields that are `sent` are taken."""
    async with writing(services, principal, identifier, sent) as own:
        known = await _beside(own, principal, identifier)

        def agreed(
            monitor: Monitor, locations: Sequence[Location], found: Breaches
        ) -> tuple[SettableMonitor, frozenset[str]]:
            current = _answering(known, _codes(locations))(monitor)
            require_match(request, current)
            body = decide(current)
            if "customer_id" in sent and body.customer_id not in (msgspec.UNSET, current.customer_id):
                with found.noted():
                    raise InvalidError("customerId", _CANNOT_CHANGE)
            return body, sent

        changed, locations = await write_change(own, services.vault, principal, identifier, agreed)
        after = await _beside(own, principal, identifier)
    answer = _answering(after, _codes(locations))(changed)
    return tagged(request, await warned(services, principal, changed, answer, resolving=True))


def _patched(current: MonitorAnswer, patch: dict[str, Any]) -> SettableMonitor:
    """The members that a patch names, as they are with it. Raises InvalidFieldsError."""
    now = msgspec.to_builtins(current)
    if patch.get("kind") and patch.get(TARGET, {}) is not None:
        patch = {**patch, TARGET: {"kind": patch["kind"], **patch.get(TARGET, {})}}
    document: dict[str, Any] = {}
    for name, value in patch.items():
        if name == TARGET:
            document[name] = _patched_target(now[TARGET], value)
        else:
            document |= merged({name: now[name]}, {name: value})
    found = Breaches()
    for name in _REQUIRED:
        if name in patch and document.get(name) is None:
            with found.noted():
                raise InvalidError(name, "is required")
    found.refuse(every=True)
    return convert_ours(document, SettableMonitor)


def _patched_target(now: dict[str, Any] | None, patch: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of a target of another kind stays what the new kind has too."""
    if patch is None:
        return None
    kind = patch.get("kind") or (now or {}).get("kind")
    if now is None or not isinstance(kind, str):
        return dict(merged({}, patch))
    typed = kind_named(kind).typed
    if kind != now["kind"]:
        fields = {field.encode_name for field in msgspec.structs.fields(typed)}
        now = {name: value for name, value in now.items() if name in fields}
    return dict(merged(now, patch, kept_null=typed.KEPT))


async def _beside(database: Database, principal: Principal, identifier: UUID) -> dict[UUID, Beside]:
    return await beside(database, [identifier], principal.customer_ids)


def _codes(locations: Sequence[Location]) -> dict[int, str]:
    return {here.id: here.code for here in locations}


def _answering(found: Mapping[UUID, Beside], codes: Mapping[int, str]) -> Callable[[Monitor], MonitorAnswer]:
    def answer(monitor: Monitor) -> MonitorAnswer:
        known = found.get(monitor.public_id)
        if known is None:
            raise NotFoundError
        return monitor_answer(
            monitor, customer=known.customer, verdict=known.verdict, codes=codes, parents=known.parents
        )

    return answer
