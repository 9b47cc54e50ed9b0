"""Creates monitors of the kind nntp and reads their checks through the controller's operations. A script that is run by
its path, so that its imports come from PYTHONPATH:

    python tests/system/monitor_operations.py DATABASE_URL create|history ARGUMENTS_AS_JSON      prints JSON
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from uuid import UUID

from controller.errors import InvalidError
from controller.model import MonitorChange, Principal, Role
from controller.operations.monitors import checks, monitors
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys

KINDS = ("nntp",)
ADMIN = Principal(works_in=1, role=Role.ADMIN)


async def create(database: Database, vault_keys: str, **fields: Any) -> dict[str, str]:
    """The id of the new monitor, or the field that is refused and the rule that it breaks."""
    change = MonitorChange(name="news", hostname="127.0.0.1", interval_seconds=10, timeout_seconds=5, **fields)
    try:
        made = await monitors.create_monitor(database, Vault(VaultKeys(vault_keys)), ADMIN, KINDS, 1, change)
    except InvalidError as error:
        return {"field": error.field, "rule": error.rule}
    return {"id": str(made.public_id)}


async def history(database: Database, public_id: str) -> list[dict[str, Any]]:
    found = await checks.check_history(database, ADMIN, KINDS, UUID(public_id), limit=10)
    return [
        {
            "status": check.status,
            "country": check.country_code,
            "facts": check.facts,
            "failure": check.failure and check.failure.kind,
            "phases": [timing.phase for timing in check.phases],
        }
        for check in found
    ]


async def main(url: str, operation: str, arguments: dict[str, Any]) -> None:
    async with Database.open(url) as database:
        if operation == "create":
            print(json.dumps(await create(database, **arguments)))
        else:
            print(json.dumps(await history(database, **arguments)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
