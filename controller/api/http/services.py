"""What the routes work with, given to the application when it is made, and how a route asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from controller.metrics.exposition import Exposition
from controller.metrics.process import Metrics
from controller.model import Principal
from controller.operations.accounts.passwords import Passwords
from controller.operations.channels.channels import Outlets
from controller.operations.monitors.checks import Dispatcher
from controller.operations.monitors.exports import Exports
from controller.store.platform.pool import Database
from controller.streaming.hub import Room
from controller.vault import Vault
from shared.nats.bus import Bus


@dataclass(frozen=True, kw_only=True)
class Services:
    """The bus is asked whether it is connected, and by streams that resume. `rate_limit` is requests a minute of a
    caller; 0 is no limit. With `metrics_per_monitor` there are metrics of each monitor.
    """

    database: Database
    vault: Vault
    dispatcher: Dispatcher
    bus: Bus
    outlets: Outlets
    rate_limit: int = 0
    metrics: Metrics = field(default_factory=Metrics)
    metrics_per_monitor: bool = False
    passwords: Passwords = field(default_factory=Passwords)
    exports: Exports = field(default_factory=Exports)
    live: Room = field(default_factory=Room)
    exposition: Exposition = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exposition", Exposition(self.metrics))


GivenServices: TypeAlias = NamedDependency[SkipValidation[Services]]
GivenPrincipal: TypeAlias = NamedDependency[SkipValidation[Principal]]
