"""Results as a file: an export of all that is found, and how documents describe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema

from controller.api.v1.results.export import Export, export, file_name
from controller.api.v1.results.formats import COLUMNS, CSV, NDJSON, Format
from controller.api.v1.results.items import EXAMPLE
from controller.decisions.history.history import period
from controller.http.auth import credential_of
from controller.http.services import Services
from controller.http.timestamps import timestamp
from controller.model import Principal
from controller.operations.results.results import Question, all_results, kept_since, read_since
from controller.streaming.subscription import Holder
from shared.clock import utc_now


@dataclass
class Exporting(Operation):
    """Litestar documents one media type for a status; a route of results has three."""

    def __post_init__(self) -> None:
        answered = (self.responses or {}).get("200")
        if isinstance(answered, OpenAPIResponse) and answered.content is not None:
            line = msgspec.json.encode(EXAMPLE["results"][0]).decode() + "\n"
            for form, example in ((NDJSON, line), (CSV, ",".join(COLUMNS) + "\r\n")):
                answered.content[form.media_type] = OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING), examples={"file": Example(value=example)}
                )


async def results_file(
    request: Request[Principal, None, Any],
    services: Services,
    query: Question,
    cursor: str | None,
    form: Format,
    limit: int | None,
) -> Export:
    """All results of a query, or the first `limit`, behind a cursor if there is one.

    Raises InvalidError, NotFoundError, UnknownCustomerError, ForbiddenError, LimitedError, StoreUnavailableError.
    """
    principal, now = request.user, utc_now()
    oldest = await kept_since(services.database, principal, now)
    first = await read_since(services.database, principal, now)
    name = file_name(*period(query.since, query.until, now=now, kept=now - first))
    holder = Holder(principal=principal, credential=credential_of(request))
    found = all_results(services.database, services.vault, principal, query, cursor, limit=limit, now=now)
    return await export(
        services.exports, services.database, holder, form, found, name, headers={"X-Kept-Since": timestamp(oldest)}
    )
