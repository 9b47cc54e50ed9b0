"""`/api/smtp-monitors` as Uptimeify's clients know it: translates, and leaves every decision to the operations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import structlog
from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from controller.api.auth import SECURITY_SCHEME, requires_token
from controller.api.body import JsonBody
from controller.api.documents import answers, refusals
from controller.api.problems import DETAIL_IN_STATUS, FAILED
from controller.api.services import GivenPrincipal, GivenServices
from controller.api.uptimeify import examples
from controller.api.uptimeify.answers import (
    DeleteAnswer,
    History,
    ListedMonitor,
    MonitorPage,
    SmtpMonitorAnswer,
    SmtpMonitorDetail,
    TriggerAnswer,
    history_item,
    monitor_fields,
    trigger_answer,
)
from controller.api.uptimeify.bodies import NewSmtpMonitor, SmtpMonitorChange, change_of
from controller.api.uptimeify.identifiers import (
    INVALID_CUSTOMER,
    customer_identifier,
    monitor_public_id,
    organization_number,
)
from controller.errors import ForbiddenError, InvalidError
from controller.model import Monitor
from controller.operations import checks, monitors
from controller.operations.monitors import SMTP
from controller.vault import Vault, VaultError, mask
from shared.clock import utc_now

log = structlog.get_logger()

_WANTED = "SMTP monitor public ID (UUID) required"
_LONGEST_SEARCH = 255

PublicId = Annotated[str, PathParameter(description="The public UUID.", schema_extra={"format": "uuid"})]
Search = Annotated[
    str | None, QueryParameter(description="Part of a monitor's name or host name, or a customer's name.")
]
CustomerId = Annotated[
    str | None, QueryParameter(name="customerId", description="The customer's number or public UUID.")
]
OrganizationId = Annotated[
    str | None, QueryParameter(name="organizationId", description="A number; the token's own organization.")
]
PageNumber = Annotated[int, QueryParameter(ge=1, le=1_000_000)]
PerPage = Annotated[int, QueryParameter(name="perPage", ge=1, le=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many of the latest checks.")]

BODIES = (
    NewSmtpMonitor,
    SmtpMonitorChange,
    MonitorPage,
    SmtpMonitorAnswer,
    SmtpMonitorDetail,
    TriggerAnswer,
    DeleteAnswer,
    History,
)


class SmtpMonitors(Controller):
    path = "/api/smtp-monitors"
    tags = ("SMTP monitors",)
    guards = (requires_token,)
    security = ({SECURITY_SCHEME: []},)

    @get(
        summary="List SMTP monitors",
        responses={
            200: answers(MonitorPage, "Monitors, oldest first", examples.PAGE),
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
    ) -> MonitorPage:
        if organization_id is not None and organization_number(organization_id) != principal.organization_id:
            raise ForbiddenError
        if search is not None and (len(search) > _LONGEST_SEARCH or "\0" in search):
            raise InvalidError("search", f"must be at most {_LONGEST_SEARCH} characters, none of them NUL")
        found = await monitors.list_monitors(
            services.database,
            principal,
            SMTP,
            page=page,
            per_page=per_page,
            customer=None if customer_id is None else customer_identifier(customer_id),
            search=search or None,
        )
        return MonitorPage(
            items=[
                ListedMonitor(**monitor_fields(monitor, mask(monitor.config)), customer_name=monitor.customer_name)
                for monitor in found.monitors
            ],
            total=found.total,
            page=page,
            per_page=per_page,
        )

    # The vendor documents no 201 (api.md, rule 2).
    @post(
        status_code=200,
        dto=JsonBody[NewSmtpMonitor],
        return_dto=None,
        summary="Create an SMTP monitor",
        responses={
            200: answers(SmtpMonitorAnswer, "The new monitor", examples.WRITTEN),
            **refusals(body=True, s400="hostname must be a valid hostname (no protocol, no path)", s403="Forbidden"),
        },
    )
    async def create_monitor(
        self, data: JSONBody[NewSmtpMonitor], services: GivenServices, principal: GivenPrincipal
    ) -> SmtpMonitorAnswer:
        customer = customer_identifier(data.customer_id)
        monitor = await monitors.create_monitor(
            services.database, services.vault, principal, SMTP, customer, change_of(data)
        )
        return _written(monitor, services.vault)

    @get(
        "/{public_id:str}",
        summary="Get an SMTP monitor",
        responses={
            200: answers(SmtpMonitorDetail, "The monitor", examples.READ),
            **refusals(s400=_WANTED, s403="Forbidden", s404="Not found"),
        },
    )
    async def get_monitor(
        self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
    ) -> SmtpMonitorDetail:
        monitor = await monitors.get_monitor(services.database, principal, SMTP, _id(public_id))
        config = mask(monitor.config)
        return SmtpMonitorDetail(
            **monitor_fields(monitor, config), smtp_config=config, customer_name=monitor.customer_name
        )

    @patch(
        "/{public_id:str}",
        dto=JsonBody[SmtpMonitorChange],
        return_dto=None,
        summary="Update an SMTP monitor, its status included",
        responses={
            200: answers(SmtpMonitorAnswer, "The monitor as it is now", examples.WRITTEN),
            **refusals(body=True, s400=_WANTED, s403="Forbidden", s404="Not found"),
        },
    )
    async def update_monitor(
        self,
        public_id: PublicId,
        data: JSONBody[SmtpMonitorChange],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> SmtpMonitorAnswer:
        monitor = await monitors.update_monitor(
            services.database, services.vault, principal, SMTP, _id(public_id), change_of(data)
        )
        return _written(monitor, services.vault)

    @delete(
        "/{public_id:str}",
        status_code=200,
        summary="Delete an SMTP monitor",
        responses={
            200: answers(DeleteAnswer, "Deleted", {"success": True}),
            **refusals(s400=_WANTED, s403="Forbidden", s404="Not found"),
        },
    )
    async def delete_monitor(
        self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
    ) -> DeleteAnswer:
        await monitors.delete_monitor(services.database, principal, SMTP, _id(public_id))
        return DeleteAnswer(success=True)

    @post(
        "/{public_id:str}/trigger-check",
        status_code=200,
        opt={DETAIL_IN_STATUS: True, FAILED: "Failed to trigger check"},
        summary="Check now from every eligible location",
        responses={
            200: answers(TriggerAnswer, "The broker has the checks", examples.TRIGGERED),
            **refusals(
                s400="No eligible monitoring locations for the selected allowed countries",
                s403="Forbidden",
                s404="Not found",
                s500="No active monitoring locations available",
            ),
        },
    )
    async def trigger_check(
        self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
    ) -> TriggerAnswer:
        triggered = await checks.trigger_check(
            services.database, services.dispatcher, principal, SMTP, _id(public_id), utc_now()
        )
        return trigger_answer(triggered)

    @get(
        "/{public_id:str}/check-history",
        summary="Recent checks of an SMTP monitor",
        responses={
            200: answers(History, "The latest checks, newest round first", examples.HISTORY),
            **refusals(s400=_WANTED, s403="Forbidden", s404="Not found"),
        },
    )
    async def check_history(
        self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal, limit: Limit = 50
    ) -> History:
        found = await checks.check_history(services.database, principal, SMTP, _id(public_id), limit=limit)
        return History(data=[history_item(check) for check in found])


def _id(text: str) -> UUID:
    return monitor_public_id(text, wanted=_WANTED)


def _written(monitor: Monitor, vault: Vault) -> SmtpMonitorAnswer:
    """For who may write the config: with its secrets, unless their key is gone from the ring."""
    try:
        config = vault.reveal(monitor.config)
    except VaultError:
        log.warning("secret_unreadable", monitor=str(monitor.public_id))
        config = mask(monitor.config)
    return SmtpMonitorAnswer(**monitor_fields(monitor, config), smtp_config=config)
