"""The services that the routes use, and the parameter types by which a route receives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from controller.discovery.autoconfig_files import AutoconfigFiles
from controller.discovery.finder import ServerFinder
from controller.discovery.records import MailRecords
from controller.kinds import mail_services
from controller.metrics.exposition import Exposition
from controller.metrics.process import Metrics
from controller.model import Principal
from controller.model.values.public_url import PublicUrl
from controller.operations.accounts.passwords import Passwords
from controller.operations.channels.channels import Outlets
from controller.operations.monitors.checks import TriggeredDispatch
from controller.operations.monitors.previews.process import Previews
from controller.operations.results.exports import Exports
from controller.operations.sign_on.logins import SignOns
from controller.operations.trials import TrialDispatch
from controller.pipeline.ops.health import DependencyHealth
from controller.settings import EnrolmentSettings
from controller.sign_on.exchange import ProviderExchange
from controller.sign_on.providers import Providers
from controller.store.platform.pool import Database
from controller.streaming.hub import StreamHub
from controller.vault import Vault
from shared.nats.bus import Bus
from shared.secret import Secret


class Dispatch(TriggeredDispatch, TrialDispatch, Protocol):
    """Gives checks by hand and trials to the broker."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Routes use the bus to see whether it is connected, and to resume streams. `rate_limit` is requests a minute for
    each caller; 0 is no limit. `metrics_per_monitor` adds the route with metrics of each monitor. `metrics_token` reads
    `/metrics`. `public_url` is the base of all links. `health` is what `/readyz` says about NATS and PostgreSQL.
    `enrolment` has the keys with which new locations are enrolled.
    """

    database: Database
    vault: Vault
    dispatcher: Dispatch
    bus: Bus
    outlets: Outlets
    rate_limit: int = 0
    metrics: Metrics = field(default_factory=Metrics)
    metrics_per_monitor: bool = False
    metrics_token: Secret | None = None
    public_url: PublicUrl = field(default_factory=PublicUrl)
    passwords: Passwords = field(default_factory=Passwords)
    exports: Exports = field(default_factory=Exports)
    previews: Previews = field(default_factory=Previews)
    health: DependencyHealth = field(default_factory=DependencyHealth)
    live: StreamHub = field(default_factory=StreamHub)
    enrolment: EnrolmentSettings | None = None
    exposition: Exposition = field(init=False)
    sign_ons: SignOns = field(init=False)
    finder: ServerFinder = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exposition", Exposition(self.metrics))
        providers = Providers(ProviderExchange(self.outlets.senders.webhook))
        sign_ons = SignOns(self.database, self.vault, self.passwords, providers, self.public_url)
        object.__setattr__(self, "sign_ons", sign_ons)
        records = MailRecords(self.outlets.exchangers.nameservers)
        finder = ServerFinder(mail_services(), records, AutoconfigFiles(self.outlets.senders.webhook))
        object.__setattr__(self, "finder", finder)


GivenServices: TypeAlias = NamedDependency[SkipValidation[Services]]
GivenPrincipal: TypeAlias = NamedDependency[SkipValidation[Principal]]
