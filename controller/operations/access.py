"""Whether a principal may do something with a thing of an organization and a customer."""

from __future__ import annotations

from controller.decisions.access import Permission, Reach, reaches
from controller.errors import ForbiddenError, NotFoundError
from controller.model import Principal


def require(
    principal: Principal,
    permission: Permission,
    organization_id: int,
    customer_id: int | None,
    *,
    not_found: str | None = None,
) -> None:
    """Raises NotFoundError, with the text `not_found`, when the principal may not know that the thing exists, and
    ForbiddenError when it may only not do this with it (docs/compatibility.md, U13 and R1).
    """
    reach = reaches(principal, permission, organization_id=organization_id, customer_id=customer_id)
    if reach is Reach.HIDDEN:
        raise NotFoundError(not_found) if not_found else NotFoundError
    if reach is Reach.FORBIDDEN:
        raise ForbiddenError
