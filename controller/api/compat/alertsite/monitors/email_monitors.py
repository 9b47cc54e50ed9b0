"""`POST` and `PATCH` of `/api/v3/monitors/email-imap`, `/email-pop`, `/email-smtp` (docs/compatibility.md, A12)."""

from __future__ import annotations

from contextlib import suppress

import msgspec
from litestar import HttpMethod, Response, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from controller.api.compat.alertsite.account_defaults.fields import LONGEST_TIMEOUT_SECONDS
from controller.api.compat.alertsite.bodies import StrictJsonBody, sent
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.locations import numbered
from controller.api.compat.alertsite.monitors import examples, fields
from controller.api.compat.alertsite.monitors.answers import Identified, monitor_object
from controller.api.compat.alertsite.monitors.bodies import AlertSiteNewMonitor, MonitorBody
from controller.api.compat.alertsite.monitors.changes import change_to_create, change_to_update
from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.api.compat.alertsite.monitors.queries import MonitorNumber, number_of
from controller.decisions.access import Permission, may_change
from controller.errors import ForbiddenError, InvalidError, UnknownCustomerError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Monitor, MonitorChange, Principal
from controller.operations.accounts import defaults as account
from controller.operations.monitors import monitors, unlocated
from controller.store.locations.locations import all_locations
from controller.store.platform.pool import StoreUnavailableError

WARNING = "X-Warning"
"""The header of an answer that says why the monitor is not checked."""

_STRICTNESS = monitors.Strictness(longest_timeout_seconds=LONGEST_TIMEOUT_SECONDS)
_FIELD_OF = {"timeoutSeconds": "timeout"}
"""AlertSite's name of a field that an operation refuses by another name."""


def email_monitors(name: str) -> list[HTTPRouteHandler]:
    """The routes of one type, as `email-smtp`."""
    kind = KINDS[name]
    noun = f"{name.title().replace('-', '')}Monitor"

    @post(
        f"/api/v3/monitors/{name}",
        status_code=200,
        dto=StrictJsonBody[AlertSiteNewMonitor],
        return_dto=None,
        opt={PERMISSION: Permission.CREATE},
        security=SECURITY,
        tags=TAGS,
        summary=f"Create an {name} monitor",
        operation_id=f"alertsiteCreate{noun}",
        responses={
            200: answers(Identified, "The number of the new monitor", examples.IDENTIFIED),
            **refusals(body=True, s400=examples.REQUIRED, s403="Forbidden", s404=RECORD_NOT_FOUND),
        },
    )
    async def create(
        data: JSONBody[AlertSiteNewMonitor], services: GivenServices, principal: GivenPrincipal
    ) -> Response[Identified]:
        body = sent(data)
        locations = numbered(await all_locations(services.database))
        defaults = await account.defaults(services.database, principal)
        change = change_to_create(body, kind, defaults, locations)
        customer = (
            await account.default_customer(services.database, principal)
            if body.get("customer_id") is None
            else fields.customer_identifier(body["customer_id"])
        )
        try:
            made = await monitors.create_monitor(
                services.database,
                services.vault,
                principal,
                (kind,),
                customer,
                change,
                strictness=_STRICTNESS,
            )
        except UnknownCustomerError:
            raise InvalidError("customer_id", "is not that of a customer of this account") from None
        except InvalidError as problem:
            raise _renamed(problem) from None
        return await _written(made, services)

    # The examples on AlertSite's pages use POST where the text says PATCH (docs/compatibility.md, A12).
    @route(
        f"/api/v3/monitors/{name}/{{id:str}}",
        http_method=[HttpMethod.PATCH, HttpMethod.POST],
        status_code=200,
        dto=StrictJsonBody[MonitorBody],
        return_dto=None,
        opt={PERMISSION: Permission.CHANGE},
        security=SECURITY,
        tags=TAGS,
        operation_id=lambda _, method, __: f"alertsiteUpdate{noun}{'ByPost' if method == HttpMethod.POST else ''}",
        summary=f"Edit an {name} monitor",
        responses={
            200: answers(Identified, "The number of the monitor", examples.IDENTIFIED),
            **refusals(
                body=True,
                s400="invalid_request - interval must be a whole number from 1 to 1440",
                s403="Forbidden",
                s404=RECORD_NOT_FOUND,
            ),
        },
    )
    async def edit(
        number: MonitorNumber, data: JSONBody[MonitorBody], services: GivenServices, principal: GivenPrincipal
    ) -> Response[Identified]:
        body = sent(data)
        locations = numbered(await all_locations(services.database))

        def decide(monitor: Monitor) -> MonitorChange:
            _require_fields(principal, body)
            shown = msgspec.to_builtins(monitor_object(monitor, locations, writable=True))
            return change_to_update(body, shown, monitor, locations)

        try:
            changed = await monitors.update_monitor(
                services.database,
                services.vault,
                principal,
                (kind,),
                number_of(number),
                decide,
                strictness=_STRICTNESS,
            )
        except InvalidError as problem:
            raise _renamed(problem) from None
        return await _written(changed, services)

    return [create, edit]


async def _written(monitor: Monitor, services: Services) -> Response[Identified]:
    """The number alone, as AlertSite answers; that no location may check the monitor is said in a header."""
    warnings = list[str]()
    with suppress(StoreUnavailableError):  # the monitor is stored: an error would make the caller repeat the request
        warnings = await unlocated.warnings_about(services.database, monitor)
    headers = {WARNING: "; ".join(warnings)} if warnings else None
    return Response(Identified(id=str(monitor.id)), headers=headers)


def _require_fields(principal: Principal, body: dict[str, object]) -> None:
    """A role that may change only the status of a monitor may send only `enabled`. Raises ForbiddenError."""
    if not may_change(principal, ["status" if name == "enabled" else name for name in body]):
        raise ForbiddenError


def _renamed(problem: InvalidError) -> InvalidError:
    """The same problem by AlertSite's name of the field: `user` for `smtpConfig.auth.user`."""
    if len(problem.messages) > 1:
        return problem
    field = _FIELD_OF.get(problem.field, problem.field.rpartition(".")[2])
    return InvalidError({"pass": "password"}.get(field, field), problem.rule)


EMAIL_MONITORS = [handler for name in KINDS for handler in email_monitors(name)]
BODIES = (Identified, AlertSiteNewMonitor, MonitorBody)
