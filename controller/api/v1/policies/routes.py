"""`…/policy` of the organization and of customers."""

from __future__ import annotations

from litestar import Controller, get, patch
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.policies.schemas import (
    POLICY_ANSWER,
    REFUSED_PRESET,
    TAGS,
    PolicyAnswer,
    PolicyBody,
    policy_answer,
    policy_change,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import INVALID_CUSTOMER, customer_identifier
from controller.http.openapi import refusals
from controller.http.parameters import CustomerPath, OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.monitors import policies


@get(
    "/api/organization/policy",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    operation_id="uptimeifyGetOrganizationPolicy",
    summary="The organization's policy: when failures are believed",
    responses={200: POLICY_ANSWER, **refusals(s403="Forbidden", s404="Not found")},
)
async def organization_policy(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyAnswer:
    owner = policies.of_organization(principal, Permission.READ)
    return policy_answer(await policies.policy_of(services.database, owner))


@patch(
    "/api/organization/policy",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    operation_id="uptimeifyUpdateOrganizationPolicy",
    summary="Change the organization's policy",
    responses={200: POLICY_ANSWER, **refusals(body=True, s400=REFUSED_PRESET, s403="Forbidden", s404="Not found")},
)
async def change_organization_policy(
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyAnswer:
    owner = policies.of_organization(principal, Permission.MANAGE_ORGANIZATION)
    return policy_answer(await policies.change_policy(services.database, owner, policy_change(data)))


class CustomerPolicy(Controller):
    path = "/api/customers/{customer_id:str}/policy"
    tags = TAGS
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyGetCustomerPolicy",
        summary="A customer's policy: when failures of its monitors are believed",
        responses={200: POLICY_ANSWER, **refusals(s400=INVALID_CUSTOMER, s403="Forbidden", s404="Customer not found")},
    )
    async def policy(
        self, customer_id: CustomerPath, services: GivenServices, principal: GivenPrincipal
    ) -> PolicyAnswer:
        owner = await policies.of_customer(
            services.database, principal, Permission.READ, customer_identifier(customer_id)
        )
        return policy_answer(await policies.policy_of(services.database, owner))

    @patch(
        opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
        dto=JsonBody[PolicyBody],
        return_dto=None,
        operation_id="uptimeifyUpdateCustomerPolicy",
        summary="Change a customer's policy",
        responses={
            200: POLICY_ANSWER,
            **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s404="Customer not found"),
        },
    )
    async def change_policy(
        self,
        customer_id: CustomerPath,
        data: JSONBody[PolicyBody],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> PolicyAnswer:
        owner = await policies.of_customer(
            services.database, principal, Permission.MANAGE_CUSTOMERS, customer_identifier(customer_id)
        )
        return policy_answer(await policies.change_policy(services.database, owner, policy_change(data)))


ROUTES: list[ControllerRouterHandler] = [organization_policy, change_organization_policy, CustomerPolicy]
