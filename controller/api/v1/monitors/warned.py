"""Adds to a monitor what may be wrong around it."""

from __future__ import annotations

import msgspec

from controller.api.v1.monitors.answers import MonitorAnswer, OneMonitor
from controller.http.services import Services
from controller.model import Monitor, Principal
from controller.operations.channels import mail_routes
from controller.operations.monitors import unlocated


async def warned(
    services: Services, principal: Principal, monitor: Monitor, answer: MonitorAnswer, *, resolving: bool = False
) -> OneMonitor:
    """With `resolving` the mail servers behind its address for messages are resolved first, which may take seconds."""
    exchangers = services.outlets.exchangers if resolving else None
    warnings = [
        *await unlocated.warnings_about(services.database, monitor),
        *await mail_routes.warnings_for(services.database, principal, monitor, exchangers),
    ]
    return OneMonitor(**msgspec.structs.asdict(answer), warnings=warnings)
