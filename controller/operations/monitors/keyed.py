"""Monitors by the keys under which programs know them."""

from __future__ import annotations

from uuid import UUID

from controller.decisions.monitors.keys import check_key
from controller.errors import NotFoundError
from controller.model import Principal
from controller.store.monitors import monitors as store
from controller.store.platform.pool import Database
from shared.wire.targets import KINDS


async def monitor_of_key(database: Database, principal: Principal, project: str, external_key: str) -> UUID:
    """The public id of a monitor of the organization that the request is about, whether or not the principal may see
    it. Raises InvalidError, NotFoundError, OrganizationRequiredError.
    """
    check_key(project, field="project")
    check_key(external_key, field="externalKey")
    found = await store.by_key(database, principal.organization_id, KINDS, project, external_key)
    if found is None:
        raise NotFoundError
    return found
