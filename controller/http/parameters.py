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
    QueryParameter(name="organizationId", description="The number of an organization; the token's own when not given."),
]
PageNumber = Annotated[int, QueryParameter(ge=1, le=1_000_000)]
PerPage = Annotated[int, QueryParameter(name="perPage", ge=1, le=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many of the latest checks to show.")]
