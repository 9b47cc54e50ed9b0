"""`/api/escalation-config` as Uptimeify's clients know it (docs/compatibility.md, U33)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post
from litestar.params import JSONBody, PathParameter

from controller.api.compat.uptimeify.escalation.schemas import (
    EXAMPLE,
    FIELDS,
    TESTED,
    EscalationAnswer,
    EscalationTestAnswer,
    EscalationUpdate,
    escalation_answer,
    escalation_change,
    escalation_test_answer,
)
from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import is_uuid
from controller.http.openapi import answers, refusals
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.channels import escalation
from controller.operations.channels.escalation import NO_WEBHOOK, NOT_FOUND

_INVALID_ID = "Invalid organization ID"
_MOST_DIGITS = 18

OrganizationPath = Annotated[str, PathParameter(description="The number or the public UUID of the organization.")]


class EscalationConfig(Controller):
    path = "/api/escalation-config/{organization_path:str}"
    tags = ("Escalation config",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        operation_id="uptimeifyGetEscalationConfig",
        summary="The webhook and the own addresses of an organization",
        responses={
            200: answers(EscalationAnswer, "What is set, or the defaults", EXAMPLE),
            **refusals(s400=_INVALID_ID, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def escalation_config(
        self, organization_path: OrganizationPath, services: GivenServices, principal: GivenPrincipal
    ) -> EscalationAnswer:
        found = await escalation.get_escalation(services.database, principal, _identifier(organization_path))
        return escalation_answer(found)

    @patch(
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        dto=JsonBody[EscalationUpdate],
        return_dto=None,
        operation_id="uptimeifyUpdateEscalationConfig",
        summary="Change the webhook and the own addresses of an organization",
        responses={
            200: answers(EscalationAnswer, "What is set now", EXAMPLE),
            **refusals(body=True, s400="webhookUrl must be an http or https URL", s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def change_escalation_config(
        self,
        organization_path: OrganizationPath,
        data: JSONBody[EscalationUpdate],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> EscalationAnswer:
        with _own_names():
            changed = await escalation.change_escalation(
                services.database,
                services.vault,
                services.outlets,
                principal,
                _identifier(organization_path),
                escalation_change(data),
            )
        return escalation_answer(changed)

    @post(
        "/test",
        opt={PERMISSION: Permission.MANAGE_CHANNELS},
        status_code=200,
        operation_id="uptimeifyTestEscalationConfig",
        summary="Send a test message to the webhook",
        responses={
            200: answers(EscalationTestAnswer, "What came back", TESTED),
            **refusals(s400=NO_WEBHOOK, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def test_escalation_config(
        self, organization_path: OrganizationPath, services: GivenServices, principal: GivenPrincipal
    ) -> EscalationTestAnswer:
        done = await escalation.test_escalation(
            services.database, services.vault, services.outlets, principal, _identifier(organization_path)
        )
        return escalation_test_answer(done)


def _identifier(text: str) -> int | UUID:
    """Raises InvalidError."""
    if is_uuid(text):
        return UUID(text)
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise InvalidError("id", "must be a number or a UUID", message=_INVALID_ID)
    return int(text)


@contextmanager
def _own_names() -> Iterator[None]:
    """The rules of a channel's config name its keys; callers here know other names."""
    try:
        yield
    except InvalidError as error:
        if error.field in FIELDS:
            raise InvalidError(FIELDS[error.field], error.rule) from error
        raise
