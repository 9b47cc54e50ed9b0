"""Find servers from what somebody typed, and let a location connect to each of them. Kept for ten minutes."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from controller.decisions import trials as rules
from controller.decisions.access import Permission, limits_to
from controller.decisions.discovery.typed_address import read_address
from controller.discovery.finder import ServerFinder
from controller.errors import InvalidError, NotFoundError
from controller.kinds import kind_named
from controller.kinds.typed import TypedTarget
from controller.model import Principal
from controller.model.discoveries import Discovery, ServerCandidate
from controller.operations.access import require
from controller.operations.trials import TrialDispatch, TrialState, begin_from_one_location, count_trial, get_trial
from controller.store.checks import discoveries as store
from controller.store.platform.pool import Database
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.errors import BusError

TRY_SECONDS = 15
"""The timeout of each try."""


class TriedCandidate(NamedTuple):
    """A candidate, and its trial; None when it could not be tried, or the trial is not kept any more."""

    candidate: ServerCandidate
    trial: TrialState | None

    @property
    def done(self) -> bool:
        return self.trial is None or self.trial.done


class DiscoveryState(NamedTuple):
    """A discovery, and how far the tries are."""

    discovery: Discovery
    tried: list[TriedCandidate]

    @property
    def done(self) -> bool:
        return all(one.done for one in self.tried)


async def begin_discovery(
    database: Database, dispatcher: TrialDispatch, finder: ServerFinder, principal: Principal, address: str
) -> DiscoveryState:
    """Find candidates within eight seconds, and begin to try them, each from one location. It counts as one trial.

    Raises InvalidError, LimitedError, OrganizationRequiredError.
    """
    organization = principal.organization_id
    typed = read_address(address, finder.services)
    await count_trial(database, principal)
    found = await finder.find(typed)
    identity, now = uuid4(), to_datetime(now_ms())
    tried = [await _try(database, dispatcher, principal, one, identity) for one in found.candidates]
    discovery = Discovery(
        id=identity,
        organization_id=organization,
        token_id=principal.token_id,
        account_id=principal.account_id,
        address=address.strip(),
        candidates=[one.candidate for one in tried],
        steps=found.steps,
        created_at=now,
        expires_at=now + rules.KEPT,
    )
    await store.insert(database, discovery)
    return DiscoveryState(discovery, tried)


async def get_discovery(database: Database, principal: Principal, discovery_id: UUID) -> DiscoveryState:
    """A discovery of the principal's organization with its tries. Raises NotFoundError."""
    discovery = await store.by_id(database, discovery_id, limits_to(principal))
    if discovery is None:
        raise NotFoundError
    require(principal, Permission.READ, discovery.organization_id, None)
    if not rules.sees(principal, discovery):
        raise NotFoundError
    tried = [TriedCandidate(one, await _trial(database, principal, one.trial_id)) for one in discovery.candidates]
    return DiscoveryState(discovery, tried)


async def _try(
    database: Database, dispatcher: TrialDispatch, principal: Principal, one: ServerCandidate, turn: UUID
) -> TriedCandidate:
    fields = {"kind": one.kind, "host": one.host, "port": one.port, "tls": one.tls.value}
    target: TypedTarget = msgspec.convert(fields, kind_named(one.kind).typed)
    try:
        trial = await begin_from_one_location(database, dispatcher, principal, target, TRY_SECONDS, turn)
    except (InvalidError, BusError):
        return TriedCandidate(one, None)
    return TriedCandidate(msgspec.structs.replace(one, trial_id=trial.trial.id), trial)


async def _trial(database: Database, principal: Principal, trial_id: UUID | None) -> TrialState | None:
    if trial_id is None:
        return None
    try:
        return await get_trial(database, principal, trial_id)
    except NotFoundError:
        return None
