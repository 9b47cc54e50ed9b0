"""Path and query parameters that several of Uptimeify's routes take."""

from __future__ import annotations

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

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
