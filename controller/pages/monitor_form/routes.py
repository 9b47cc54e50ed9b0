"""`/monitors/new`, and the forms that change or copy a monitor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.breaches import Breaches
from controller.errors import (
    AlreadyExistsError,
    DomainError,
    InvalidError,
    InvalidFieldsError,
    PreconditionFailedError,
    UnknownCustomerError,
    noting,
)
from controller.http.auth import PERMISSION
from controller.http.monitors.changes import ALL
from controller.http.monitors.settable import SettableMonitor
from controller.http.monitors.writing import codes_of_locations, write_change, write_new, writing
from controller.http.services import GivenPrincipal, GivenServices
from controller.kinds import kind_named
from controller.kinds.kind import MonitorKind
from controller.kinds.typed import TARGET
from controller.model import Customer, Location, Monitor
from controller.operations.channels import mail_routes
from controller.operations.monitors.dependencies import dependencies_of
from controller.pages.monitor.actions import visible_monitor
from controller.pages.monitor_form.drawing import (
    around,
    around_fields,
    changeable_monitor,
    draw_form,
    given_in_address,
)
from controller.pages.monitor_form.names import VERSION, form_problems, offered
from controller.pages.monitor_form.reading import (
    Fields,
    Reading,
    is_of_another_kind,
    is_search,
    kind_of,
    reading_of,
    text_of,
)
from controller.pages.monitor_form.values import (
    Values,
    box_names,
    copied_values,
    differing,
    stored_values,
    typed_values,
    without_secrets,
)
from controller.pages.monitor_form.view import Around, countries_of
from controller.pages.shell.forms import fields_of
from controller.pages.shell.page import see_other
from controller.pages.shell.versions import BOX, problems_of_conflict, require_version
from shared.wire.targets import KINDS

_TAKEN = "is taken: another monitor of this project has it"
_EVERY = "*"
_SENT = ALL - {"kind"}


@get("/monitors/new", opt={PERMISSION: Permission.CREATE})
async def new_monitor(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Any:
    """The form as usual; a link may fill in its fields, but for secrets."""
    fields = given_in_address(request)
    beside = await around_fields(services, principal, fields)
    try:
        kind, problems = kind_of(fields), None
        fields = without_secrets(fields)
    except InvalidError as error:
        fields, kind, problems = {}, kind_named(offered()[0]), {"kind": error.rule}
    return await draw_form(request, kind, typed_values(fields, kind), beside, problems=problems)


@post("/monitors/new", opt={PERMISSION: Permission.CREATE})
async def create(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Any:
    """Make the monitor and show its page; the form again when a field breaks a rule."""
    fields = await fields_of(request)
    beside = await around_fields(services, principal, fields)
    try:
        kind = kind_of(fields)
    except InvalidError as error:
        kind = kind_named(offered()[0])
        values = typed_values({**fields, "kind": [kind.name]}, kind)
        return await draw_form(request, kind, values, beside, problems={"kind": error.rule})
    values = typed_values(fields, kind)
    if is_of_another_kind(fields):
        return await draw_form(request, kind, values, beside, drawn=not is_search(fields))
    try:
        made = await write_new(services, principal, _new_body(fields, beside))
    except (InvalidError, UnknownCustomerError, AlreadyExistsError) as error:
        return await draw_form(request, kind, values, beside, problems=_problems(error, kind))
    # Resolves where its messages go, so that its page can say whether they would arrive.
    await mail_routes.warnings_for(services.database, principal, made.monitor, services.outlets.exchangers)
    return see_other(request, f"/monitors/{made.monitor.public_id}?done=created")


@get("/monitors/{public_id:str}/duplicate", opt={PERMISSION: Permission.CREATE})
async def duplicate(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The form of a new monitor like this one."""
    monitor = await visible_monitor(services, principal, public_id)
    parents = (await dependencies_of(services.database, principal, KINDS, monitor.public_id)).parents
    values = copied_values(monitor, await codes_of_locations(services), parents)
    beside = await around(services, principal, values["depends_on"])
    owner = next((one for one in beside.customers if one.id == monitor.customer_id), None)
    values["customer"] = str(owner.public_id) if owner else ""
    return await draw_form(request, kind_named(monitor.kind), values, beside, act="copy", monitor=monitor)


@get("/monitors/{public_id:str}/edit", opt={PERMISSION: Permission.CHANGE})
async def edit(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The form of the monitor as it is now."""
    monitor = await changeable_monitor(services, principal, public_id)
    parents = (await dependencies_of(services.database, principal, KINDS, monitor.public_id)).parents
    values = stored_values(monitor, await codes_of_locations(services), parents)
    beside = await around(services, principal, values["depends_on"])
    return await draw_form(
        request,
        kind_named(monitor.kind),
        values,
        beside,
        act="edit",
        monitor=monitor,
        version=version_of_monitor(monitor),
    )


@post("/monitors/{public_id:str}/edit", opt={PERMISSION: Permission.CHANGE})
async def change(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Store what the form says, unless somebody has changed the monitor since it was drawn."""
    fields = await fields_of(request)
    monitor = await changeable_monitor(services, principal, public_id)
    beside, codes = await around_fields(services, principal, fields), await codes_of_locations(services)
    version = text_of(fields, VERSION)
    try:
        kind = kind_of(fields)
    except InvalidError:
        kind = kind_named(monitor.kind)
    values = typed_values(fields, kind)
    drawn = partial(draw_form, request, kind, values, beside, act="edit", monitor=monitor)
    if is_of_another_kind(fields):
        return await drawn(version=version, drawn=not is_search(fields))
    try:
        body = _body(reading_of(fields), countries_of(beside.locations, ()))
        async with writing(services, principal, monitor.public_id, ALL) as own:
            parents = (await dependencies_of(own, principal, KINDS, monitor.public_id)).parents

            def decide(
                now: Monitor, _locations: Sequence[Location], _found: Breaches
            ) -> tuple[SettableMonitor, frozenset[str]]:
                require_version(version, version_of_monitor(now), now)
                return body, _sent(values, stored_values(now, codes, parents), kind, beside)

            changed = await write_change(own, services.vault, principal, monitor.public_id, decide)
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, Monitor)  # noqa: S101 - `decide` raised it
        parents = (await dependencies_of(services.database, principal, KINDS, monitor.public_id)).parents
        stored = stored_values(now, codes, parents)
        names = {str(one.public_id): one.name for one in parents}
        words = {
            **dict.fromkeys(box_names(kind), BOX),
            "countries": {_EVERY: "all countries"},
            "depends_on": names,
        }
        every = countries_of(beside.locations, ())
        mine, theirs = _with_every(values, every), _with_every(stored, every)
        problems = problems_of_conflict("this monitor", differing(mine, theirs, kind), theirs, words)
        return await drawn(problems=problems, version=version_of_monitor(now), status=HTTPStatus.CONFLICT)
    except (InvalidError, AlreadyExistsError) as error:
        return await drawn(problems=_problems(error, kind), version=version)
    await mail_routes.warnings_for(services.database, principal, changed.monitor, services.outlets.exchangers)
    return see_other(request, f"/monitors/{monitor.public_id}?done=changed")


def version_of_monitor(monitor: Monitor) -> str:
    """Another one after each change of the monitor."""
    return monitor.updated_at.isoformat()


def _new_body(fields: Fields, beside: Around) -> SettableMonitor:
    """Raises InvalidFieldsError."""
    problems: list[InvalidError] = []
    owner, body = None, None
    with noting(problems):
        owner = _owner(fields, beside.customers)
    with noting(problems):
        body = _body(reading_of(fields), countries_of(beside.locations, ()))
    if owner is None or body is None:
        raise InvalidFieldsError(problems)
    return msgspec.structs.replace(body, customer_id=owner.public_id)


def _with_every(values: Values, every: Sequence[str]) -> Values:
    """The form with one word for all countries, which are `every` one that there is, or none by name."""
    named = set(values["countries"])
    return values | {"countries": [_EVERY]} if not named or named >= {*every} else values


def _body(reading: Reading, countries: Sequence[str]) -> SettableMonitor:
    """A monitor that is checked from every one of `countries`, which are all there are, is not limited to them: later
    ones check it too.
    """
    every = reading.countries is not None and set(reading.countries) >= set(countries)
    return msgspec.structs.replace(reading.body, countries=None) if every else reading.body


def _sent(values: Values, stored: Values, kind: MonitorKind, beside: Around) -> frozenset[str]:
    """What was typed anew, the target, and a timeout that follows the interval. A form says less than what is stored:
    it has no spaces around texts, and no difference between all countries and any.
    """
    typed = set(differing(values, stored, kind))
    if set(values["countries"]) == set(stored["countries"] or countries_of(beside.locations, ())):
        typed.discard("countries")
    if set(values["depends_on"]) == set(stored["depends_on"]):
        typed.discard("depends_on")
    if not values["timeout"]:
        typed.add("timeout")
    return frozenset((_SENT & typed) | {TARGET})


def _owner(fields: Fields, known: Sequence[Customer]) -> Customer:
    """The chosen customer, or the only one. Raises InvalidError."""
    chosen = text_of(fields, "customer")
    if not chosen and len(known) == 1:
        return known[0]
    for one in known:
        if chosen in (str(one.public_id), str(one.id)):
            return one
    raise InvalidError("customer", "must be one of the list" if chosen else "must be chosen")


def _problems(error: DomainError, kind: MonitorKind) -> dict[str, str]:
    if isinstance(error, AlreadyExistsError):
        return {"external_key": _TAKEN}
    return form_problems(error, kind)


ROUTES: list[ControllerRouterHandler] = [new_monitor, create, duplicate, edit, change]
