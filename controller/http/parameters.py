"""Path and query parameters that several routes take."""

from __future__ import annotations

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

PublicId = Annotated[str, PathParameter(description="The public UUID.", schema_extra={"format": "uuid"})]
Search = Annotated[
    str | None, QueryParameter(description="A part of a monitor's name or host name, or of a customer's name.")
]
CustomerPath = Annotated[str, PathParameter(description="The public UUID, or the number.")]
CustomerId = Annotated[
    str | None, QueryParameter(name="customerId", description="The customer's number or public UUID.")
]
OrganizationId = Annotated[
    str | None,
    QueryParameter(
        name="organizationId",
        description="The public UUID or the number of an organization, for global roles; the own one when not given.",
    ),
]
PageNumber = Annotated[int, QueryParameter(ge=1, le=1_000_000)]
PerPage = Annotated[int, QueryParameter(name="perPage", ge=1, le=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many of the latest checks to show.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        description="`nextCursor` of the page before, with the same parameters but for limit.", max_length=2000
    ),
]
PageSize = Annotated[int, QueryParameter(name="limit", ge=1, le=500, description="How many a page holds at most.")]
Fields = Annotated[
    str | None,
    QueryParameter(
        name="fields",
        description="Names of fields of an item, separated by commas: items have these only, and lack the others that"
        " the schema of an item requires.",
        max_length=1000,
        schema_extra={"examples": ["id,name"]},
    ),
]
PartOfText = Annotated[
    str | None,
    QueryParameter(
        name="q", description="A part of a name or an e-mail address, in upper or lower case.", max_length=255
    ),
]


def sort_parameter(*orders: str) -> QueryParameter:
    """The parameter `sort` of a list that can be sorted by these fields, the usual one first."""
    return QueryParameter(
        name="sort",
        description=f"A field to sort by, {orders[0]} when not given; a minus sign before it turns the order.",
        schema_extra={"enum": [f"{sign}{order}" for order in orders for sign in ("", "-")]},
    )
