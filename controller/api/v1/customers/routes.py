"""`/api/v1/customers`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, patch, post, put
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.customers.schemas import (
    BODIES,
    EXAMPLE,
    NAMES,
    CustomerBody,
    CustomerItem,
    CustomerPage,
    CustomerPatch,
    customer_change,
    customer_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.item_fields import with_fields
from controller.http.documents.mistakes import named
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PartOfText, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Customer, Principal
from controller.operations.accounts import customers
from controller.operations.accounts.customers import STATUSES, CustomerChange
from controller.operations.accounts.lists import CUSTOMER_ORDERS, customers_page
from controller.operations.listing import PageRequest

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Customers"]
_PATH = "/api/v1/customers"
_ONE = f"{_PATH}/{{public_id:str}}"
_CUSTOMER = answers(CustomerItem, "The customer", EXAMPLE)
_NOT_FOUND = "Customer not found"
_REFUSED = "name must be 1 to 255 printable characters"

StatusName = Annotated[
    str | None, QueryParameter(name="status", description="Only these.", schema_extra={"enum": list(STATUSES)})
]
CustomerSort = Annotated[str | None, sort_parameter(*CUSTOMER_ORDERS)]


@get(
    _PATH,
    operation_id="listCustomers",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="List the customers that you may see",
    responses={
        200: answers(CustomerPage, "Some customers", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of name, createdAt", s403="Forbidden"),
    },
)
async def list_customers(
    services: GivenServices,
    principal: GivenPrincipal,
    q: PartOfText = None,
    status: StatusName = None,
    sort: CustomerSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    request = PageRequest(sort=sort, limit=limit, cursor=cursor)
    found = await customers_page(services.database, services.vault, principal, request, status=status, text=q)
    sms = await customers.sms_usage(services.database, found.items)
    items = [customer_item(customer, sms.get(customer.id, 0)) for customer in found.items]
    return with_fields(CustomerPage(items=items, next_cursor=found.next_cursor), fields)


@post(
    _PATH,
    operation_id="createCustomer",
    opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
    dto=JsonBody[CustomerBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Create a customer",
    responses={
        201: answers(CustomerItem, "The new customer", EXAMPLE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden"),
    },
)
async def create_customer(
    request: Request[Any, Any, Any],
    data: JSONBody[CustomerBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[CustomerItem]:
    with named(NAMES):
        made = await customers.create_customer(
            services.database, principal, principal.organization_id, customer_change(data), every_breach=True
        )
    answer = tagged(request, customer_item(made), status_code=201)
    answer.headers["Location"] = f"{_PATH}/{made.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getCustomer",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="Read a customer",
    responses={200: _CUSTOMER, **problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND)},
)
async def get_customer(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[CustomerItem]:
    found = await customers.get_customer(services.database, principal, path_id(public_id))
    return tagged(request, customer_item(found, await _sms(services, found)))


@patch(
    _ONE,
    operation_id="updateCustomer",
    opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
    dto=JsonBody[CustomerPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change a customer",
    responses={
        200: _CUSTOMER,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=_NOT_FOUND, s412="The object has changed"),
    },
)
async def update_customer(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[CustomerPatch],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[CustomerItem]:
    return await _changed(request, public_id, data, services, principal)


@put(
    _ONE,
    operation_id="replaceCustomer",
    opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
    dto=JsonBody[CustomerBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Replace a customer",
    responses={
        200: _CUSTOMER,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=_NOT_FOUND, s412="The object has changed"),
    },
)
async def replace_customer(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[CustomerBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[CustomerItem]:
    return await _changed(request, public_id, data, services, principal)


ROUTES: list[ControllerRouterHandler] = [
    list_customers,
    create_customer,
    get_customer,
    update_customer,
    replace_customer,
]


async def _changed(
    request: Request[Any, Any, Any],
    public_id: str,
    body: CustomerBody | CustomerPatch,
    services: Services,
    principal: Principal,
) -> Response[CustomerItem]:
    identifier = path_id(public_id)
    before = await customers.get_customer(services.database, principal, identifier)
    sms = await _sms(services, before)

    def decide(found: Customer) -> CustomerChange:
        require_match(request, customer_item(found, sms))
        return customer_change(body, found)

    with named(NAMES):
        changed = await customers.update_customer(services.database, principal, identifier, decide, every_breach=True)
    return tagged(request, customer_item(changed, sms))


async def _sms(services: Services, customer: Customer) -> int:
    usage = await customers.sms_usage(services.database, [customer])
    return usage.get(customer.id, 0)
