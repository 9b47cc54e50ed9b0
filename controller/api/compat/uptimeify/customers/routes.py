"""`/api/customers` as Uptimeify's clients know it."""

from __future__ import annotations

from litestar import Controller, get, patch, post
from litestar.params import JSONBody
from msgspec.structs import replace

from controller.api.compat.uptimeify.customers.schemas import (
    EXAMPLE,
    NOT_FOUND,
    ORGANIZATION_REQUIRED,
    CustomerAnswer,
    CustomerCreated,
    CustomerUpdate,
    NewCustomerBody,
    check_organization,
    customer_answer,
    customer_change,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import INVALID_CUSTOMER, customer_identifier, is_uuid, organization_number
from controller.http.openapi import answers, refusals
from controller.http.parameters import CustomerPath, OrganizationId
from controller.http.problems import FAILED
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Customer, Principal
from controller.operations.accounts import customers, packages


class Customers(Controller):
    path = "/api/customers"
    tags = ("Customers",)
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyListCustomers",
        summary="List customers",
        responses={
            200: answers(list[CustomerAnswer], "Customers, oldest first, 10,000 at most", [EXAMPLE]),
            **refusals(s400=ORGANIZATION_REQUIRED, s403="Forbidden"),
        },
    )
    async def list_customers(
        self, services: GivenServices, principal: GivenPrincipal, organization_id: OrganizationId = None
    ) -> list[CustomerAnswer]:
        if organization_id is not None and not is_uuid(organization_id):
            check_organization(principal, organization_number(organization_id))
        found = await customers.list_customers(services.database, principal)
        sms = await customers.sms_usage(services.database, found)
        known = await packages.list_packages(services.database, principal)
        return [customer_answer(customer, known, sms.get(customer.id, 0)) for customer in found]

    @post(
        opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
        status_code=200,
        dto=JsonBody[NewCustomerBody],
        return_dto=None,
        operation_id="uptimeifyCreateCustomer",
        summary="Create a customer",
        responses={
            200: answers(CustomerCreated, "The new customer", {"success": True, "customer": EXAMPLE}),
            **refusals(body=True, s400="name is required", s403="Forbidden"),
        },
    )
    async def create_customer(
        self, data: JSONBody[NewCustomerBody], services: GivenServices, principal: GivenPrincipal
    ) -> CustomerCreated:
        organization_id = data.organization_id
        if isinstance(organization_id, int):
            check_organization(principal, organization_id)
        else:
            organization_id = principal.organization_id
        customer = await customers.create_customer(services.database, principal, organization_id, customer_change(data))
        return CustomerCreated(success=True, customer=await _answer(services, principal, customer))

    @get(
        "/{customer_id:str}",
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyGetCustomer",
        summary="Get a customer",
        responses={
            200: answers(CustomerAnswer, "The customer", EXAMPLE),
            **refusals(s400=INVALID_CUSTOMER, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def get_customer(
        self, customer_id: CustomerPath, services: GivenServices, principal: GivenPrincipal
    ) -> CustomerAnswer:
        found = await customers.get_customer(services.database, principal, customer_identifier(customer_id))
        return await _answer(services, principal, found)

    @patch(
        "/{customer_id:str}",
        opt={PERMISSION: Permission.MANAGE_CUSTOMERS, FAILED: "Failed to update customer"},
        dto=JsonBody[CustomerUpdate],
        return_dto=None,
        operation_id="uptimeifyUpdateCustomer",
        summary="Update a customer",
        responses={
            200: answers(CustomerAnswer, "The customer as it is now", EXAMPLE),
            **refusals(
                body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s404=NOT_FOUND, s500="Failed to update customer"
            ),
        },
    )
    async def update_customer(
        self,
        customer_id: CustomerPath,
        data: JSONBody[CustomerUpdate],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> CustomerAnswer:
        identifier = customer_identifier(customer_id)
        changed = await customers.update_customer(services.database, principal, identifier, customer_change(data))
        return await _answer(services, principal, changed)


async def _answer(services: Services, principal: Principal, customer: Customer) -> CustomerAnswer:
    sms = await customers.sms_usage(services.database, [customer])
    here = replace(principal, works_in=customer.organization_id)
    return customer_answer(customer, await packages.list_packages(services.database, here), sms.get(customer.id, 0))
