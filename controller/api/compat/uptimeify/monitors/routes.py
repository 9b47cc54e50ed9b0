"""`/api/smtp-monitors`, `/api/imap-pop-monitors` and the like, as Uptimeify's clients know them."""

from __future__ import annotations

import structlog
from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody

from controller.api.compat.uptimeify.monitor_errors import create_error_handlers, error_handlers
from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.api.compat.uptimeify.monitors.answers import (
    DeleteAnswer,
    ListedMonitor,
    UptimeifyMonitorPage,
    embedded_customer,
)
from controller.api.compat.uptimeify.monitors.bodies import UptimeifyMonitorChange, UptimeifyNewMonitor, change_of
from controller.api.compat.uptimeify.monitors.fields import UptimeifyMonitorAnswer, monitor_fields
from controller.decisions.access import Permission, sees_secrets
from controller.errors import ForbiddenError, InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import body_of
from controller.http.identifiers import INVALID_CUSTOMER, customer_identifier, names_another
from controller.http.openapi import answers, refusals
from controller.http.parameters import CustomerId, OrganizationId, PageNumber, PerPage, PublicId, Search
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Monitor, Principal
from controller.operations.channels import mail_routes
from controller.operations.monitors import monitors, unlocated
from controller.store.platform.pool import StoreUnavailableError
from controller.vault import VaultError, mask

log = structlog.get_logger()

_LONGEST_SEARCH = 255
_HOSTNAME_RULE = "hostname must be a valid hostname (no protocol, no path)"


def monitor_routes(group: UptimeifyGroup) -> type[Controller]:
    """The routes that list, create, read, change and delete the monitors of this group."""
    new, changed = group.bodies
    written, detail = group.answers
    unknown = {"s404": group.unknown_customer} if group.unknown_customer else {}

    class MonitorRoutes(Controller):
        path = group.path
        tags = (f"{group.name}s",)
        security = SECURITY
        exception_handlers = error_handlers(group)

        @get(
            opt={PERMISSION: Permission.READ},
            operation_id=f"uptimeifyList{group.stem}Monitors",
            summary=f"List {group.name}s",
            responses={
                200: answers(UptimeifyMonitorPage, "Monitors, oldest first", group.examples.page),
                **refusals(s400=INVALID_CUSTOMER, s403="Forbidden"),
            },
        )
        async def list_monitors(
            self,
            services: GivenServices,
            principal: GivenPrincipal,
            search: Search = None,
            customer_id: CustomerId = None,
            organization_id: OrganizationId = None,
            page: PageNumber = 1,
            per_page: PerPage = 50,
        ) -> UptimeifyMonitorPage:
            if organization_id is not None and names_another(organization_id, principal):
                raise ForbiddenError
            if search is not None and (len(search) > _LONGEST_SEARCH or "\0" in search):
                raise InvalidError("search", f"must be at most {_LONGEST_SEARCH} characters, none of them NUL")
            found = await monitors.list_monitors(
                services.database,
                principal,
                group.kinds,
                page=page,
                per_page=per_page,
                customer=None if customer_id is None else customer_identifier(customer_id),
                search=search or None,
            )
            return UptimeifyMonitorPage(
                items=[
                    ListedMonitor(**monitor_fields(monitor, mask(monitor.config)), customer_name=monitor.customer_name)
                    for monitor in found.monitors
                ],
                total=found.total,
                page=page,
                per_page=per_page,
            )

        # The vendor documents no 201 (docs/compatibility.md, U2).
        @post(
            opt={PERMISSION: Permission.CREATE},
            status_code=200,
            dto=body_of(new),
            return_dto=None,
            exception_handlers=create_error_handlers(group),
            operation_id=f"uptimeifyCreate{group.stem}Monitor",
            summary=f"Create {group.noun}",
            responses={
                200: answers(written, "The new monitor", group.examples.written),
                **refusals(body=True, token=True, s400=_HOSTNAME_RULE, s403="Forbidden", **unknown),
            },
        )
        async def create_monitor(
            self, data: JSONBody[UptimeifyNewMonitor], services: GivenServices, principal: GivenPrincipal
        ) -> UptimeifyMonitorAnswer:
            customer = customer_identifier(data.customer_id)
            change = change_of(data, getattr(data, group.names.config))
            monitor = await monitors.create_monitor(
                services.database, services.vault, principal, group.kinds, customer, change
            )
            return await _written(group, monitor, principal, services)

        @get(
            "/{public_id:str}",
            opt={PERMISSION: Permission.READ},
            operation_id=f"uptimeifyGet{group.stem}Monitor",
            summary=f"Get {group.noun}",
            responses={
                200: answers(detail, "The monitor", group.examples.read),
                **refusals(s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def get_monitor(
            self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
        ) -> UptimeifyMonitorAnswer:
            monitor = await monitors.get_monitor(services.database, principal, group.kinds, group.public_id(public_id))
            config = mask(monitor.config)
            fields = {**monitor_fields(monitor, config), group.names.config: config}
            fields["warnings"] = [
                *await unlocated.warnings_about(services.database, monitor),
                *await mail_routes.warnings_for(services.database, principal, monitor),
            ]
            if group.embeds_customer:
                fields["customer"] = embedded_customer(await monitors.owner_of(services.database, monitor))
            else:
                fields["customer_name"] = monitor.customer_name
            return detail(**fields)

        @patch(
            "/{public_id:str}",
            opt={PERMISSION: Permission.CHANGE},
            dto=body_of(changed),
            return_dto=None,
            operation_id=f"uptimeifyUpdate{group.stem}Monitor",
            summary=f"Update {group.noun}, its status included",
            responses={
                200: answers(written, "The monitor as it is now", group.examples.written),
                **refusals(body=True, s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def update_monitor(
            self,
            public_id: PublicId,
            data: JSONBody[UptimeifyMonitorChange],
            services: GivenServices,
            principal: GivenPrincipal,
        ) -> UptimeifyMonitorAnswer:
            change = change_of(data, getattr(data, group.names.config))
            monitor = await monitors.update_monitor(
                services.database, services.vault, principal, group.kinds, group.public_id(public_id), change
            )
            return await _written(group, monitor, principal, services)

        @delete(
            "/{public_id:str}",
            opt={PERMISSION: Permission.DELETE},
            status_code=200,
            operation_id=f"uptimeifyDelete{group.stem}Monitor",
            summary=f"Delete {group.noun}",
            responses={
                200: answers(DeleteAnswer, "Deleted", {"success": True}),
                **refusals(s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def delete_monitor(
            self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
        ) -> DeleteAnswer:
            await monitors.delete_monitor(services.database, principal, group.kinds, group.public_id(public_id))
            return DeleteAnswer(success=True)

    return MonitorRoutes


async def _written(
    group: UptimeifyGroup, monitor: Monitor, principal: Principal, services: Services
) -> UptimeifyMonitorAnswer:
    """The answer with secrets for a caller who may write the config, unless the key of a secret is not in the ring any
    more.
    """
    config = mask(monitor.config)
    if sees_secrets(principal):
        try:
            config = services.vault.reveal(monitor.config)
        except VaultError:
            log.warning("secret_unreadable", monitor=str(monitor.public_id))
    fields = {**monitor_fields(monitor, config), group.names.config: config}
    try:
        fields["warnings"] = [
            *await unlocated.warnings_about(services.database, monitor),
            *await mail_routes.warnings_for(services.database, principal, monitor, services.outlets.exchangers),
        ]
    except StoreUnavailableError:
        fields[
            "warnings"
        ] = []  # the monitor is stored, so the answer must not say otherwise, or the caller would repeat the request
    return group.answers[0](**fields)
