"""What the audit log says, for tests of pages that change something."""

from __future__ import annotations

from tests.integration.api.conftest import Api


async def audited(api: Api, action: str, object_id: str) -> int:
    """How many entries say that this was done to this object."""
    number: int = await api.value("SELECT count(*) FROM audit WHERE action = $1 AND object_id = $2", action, object_id)
    return number
