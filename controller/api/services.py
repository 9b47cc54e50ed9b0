"""What the routes work with, given to the application when it is made, and how a route asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from controller.model import Principal
from controller.operations.channels import Outlets
from controller.operations.checks import Dispatcher
from controller.operations.passwords import Passwords
from controller.store.pool import Database
from controller.vault import Vault
from shared.bus import Bus


@dataclass(frozen=True, kw_only=True)
class Services:
    """The bus is asked only whether it is connected. `rate_limit` is requests a minute of a caller; 0 is no limit."""

    database: Database
    vault: Vault
    dispatcher: Dispatcher
    bus: Bus
    outlets: Outlets
    rate_limit: int = 0
    passwords: Passwords = field(default_factory=Passwords)


GivenServices: TypeAlias = NamedDependency[SkipValidation[Services]]
GivenPrincipal: TypeAlias = NamedDependency[SkipValidation[Principal]]
