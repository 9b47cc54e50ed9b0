"""Warn the operators, once, of locations whose canaries do not come back though their agents send heartbeats, and of
those from which the canary target fails; and notify them once more when that is over.

Only canaries that the broker took count, so the watch needs no grace after the controllers, the database or the broker
were away. A location without live agents gets no canaries: it is reported as silent, and only so. One that the
operators have under maintenance is not reported.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from controller.broker.backlog import check_consumer
from controller.decisions.canaries import CanaryState, kinds_lost, last_failure
from controller.notify.ops import canaries as ops_messages
from controller.notify.ops.canaries import LostCanaries
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.locations import canaries
from controller.store.locations.locations import present_locations
from controller.store.maintenance.at_locations import maintained_by_operators
from controller.store.notifications import ops_notices
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.nats.errors import BusError

WATCH_SECONDS = 2.0


class CanaryWatch:
    """`addresses` are the e-mail addresses of MAILPROBE_OPS_EMAIL."""

    def __init__(self, db: Database, bus: Bus, addresses: Sequence[str] = ()) -> None:
        self._db = db
        self._bus = bus
        self._addresses = addresses

    async def review(self) -> None:
        """Examine the canaries of all locations once. Raises StoreUnavailableError."""
        planned = await maintained_by_operators(self._db, utc_now())
        names = {here.id: (here.code, here.name) for here in await present_locations(self._db) if here.enabled}
        every = {names[number]: own for number, own in (await canaries.states(self._db)).items() if number in names}
        states = {code: own for (code, _), own in every.items()}
        for kind in (TroubleKind.CANARY_LOST, TroubleKind.CANARY_TARGET_FAILING):
            gone = await ops_notices.known(self._db, kind) - states.keys()
            if gone:  # silent, disabled or removed: nobody knows whether its canaries would come back
                await ops_notices.forget(self._db, kind, gone)
        await self._review_lost(states, dict(every.keys()), planned)
        await self._review_target(states, planned)

    async def _review_lost(
        self, states: Mapping[str, Sequence[CanaryState]], names: Mapping[str, str], planned: Collection[str]
    ) -> None:
        now = utc_now()
        kinds = {code: kinds_lost(own) for code, own in states.items()}
        lost = {code: _lost_since(states[code], own) for code, own in kinds.items() if own}
        new = lost.keys() - planned - await ops_notices.known(self._db, TroubleKind.CANARY_LOST)
        found = {
            code: LostCanaries(
                name=names[code], kinds=kinds[code], stopped=await self._stopped(code, kinds[code], states[code])
            )
            for code in new
        }
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.CANARY_LOST,
            lost,
            lambda begun: ops_messages.canaries_lost(begun, found),
            ops_messages.canaries_back,
            now,
            not_of=planned,
        )

    async def _review_target(self, states: Mapping[str, Sequence[CanaryState]], planned: Collection[str]) -> None:
        failures = {code: failure for code, own in states.items() if (failure := last_failure(own)) is not None}
        now = utc_now()
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.CANARY_TARGET_FAILING,
            dict.fromkeys(failures, now),
            lambda begun: ops_messages.target_failing(begun, failures),
            ops_messages.target_works,
            now,
            not_of=planned,
        )

    async def _stopped(self, code: str, kinds: Sequence[str], states: Sequence[CanaryState]) -> str:
        """Where the canaries of a location stop, as far as that is known."""
        if any(one.stored and not one.back for one in states):
            return "Their results are stored, but not evaluated: look at the logs of the controllers."
        try:
            consumers = [await check_consumer(self._bus, code, kind) for kind in kinds]
        except BusError as error:
            return f"The broker cannot say who fetches them: {error}."
        if any(one.num_ack_pending for one in consumers):
            return "An agent took them, but no result came: look at the logs of the agents."
        if not any(one.num_waiting for one in consumers):
            return "No agent fetches such requests: look at the logs of the agents."
        return "Agents wait for such requests, so their results get lost, or are not stored: look at all logs."


def _lost_since(states: Sequence[CanaryState], kinds: Sequence[str]) -> datetime:
    """When the last canary of these kinds came back, or the first one was sent."""
    return max(one.back_at or one.since for one in states if one.kind in kinds)
