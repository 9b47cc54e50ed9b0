"""Give planned checks to the broker: as requests that expire when they may no longer begin, their logins sealed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import msgspec
import structlog

from controller.decisions.schedule import PlannedCheck
from controller.decisions.targets import configured_login, target_of
from controller.model import GapReason, Location, ScheduledMonitor
from controller.store.dispatch import Expected, expect
from controller.store.pool import Database
from controller.vault import Vault, login_of
from shared import subjects
from shared.bus import Bus, BusError, Message
from shared.clock import now_ms
from shared.messages import CheckRequest
from shared.rounds import Purpose, check_id, start_by_ms, to_datetime
from shared.sealing import seal_login
from shared.streams import ACK_WAIT_SECONDS
from shared.targets import Target

log = structlog.get_logger()

_SETTLE_SLACK_MS = int(ACK_WAIT_SECONDS * 1000) + 5_000
_RETRY_SECONDS = 0.25
_SEALED_AT_MOST = 500_000


class Dispatcher:
    def __init__(self, db: Database, bus: Bus, vault: Vault) -> None:
        self._db = db
        self._bus = bus
        self._vault = vault
        self._made: tuple[ScheduledMonitor, Target] | None = None
        self._sealed: OrderedDict[tuple[int, int], tuple[object, bytes]] = OrderedDict()

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> None:
        """Ask these locations now; return when the broker has every request. Raises BusError, StoreUnavailableError."""
        if not self._bus.connected:
            raise BusError("not connected to NATS")
        due_ms = now_ms()
        checks = [PlannedCheck(monitor, due_ms, location, Purpose.TRIGGERED) for location in locations]
        messages = [self._message(check) for check in checks]
        await expect(self._db, [expected(check) for check in checks])
        for refusal in await self._bus.publish_all(messages):
            if refusal is not None:
                raise refusal

    async def dispatch(self, checks: Sequence[PlannedCheck]) -> None:
        """Publish until the broker has every check, or it may no longer begin. A check that cannot be made into a
        request is logged and left to become a gap.
        """
        pending: list[tuple[PlannedCheck, Message]] = []
        for check in checks:
            try:
                pending.append((check, self._message(check)))
            except Exception:
                log.exception("check_not_dispatched", **_names(check))
        told = False
        while pending:
            outcomes = await self._bus.publish_all([message for _, message in pending])
            refusals = [outcome for outcome in outcomes if outcome is not None]
            now = now_ms()
            pending = [
                (check, self._message(check))
                for (check, _), outcome in zip(pending, outcomes, strict=True)
                if outcome is not None and now < _start_by(check)
            ]
            if refusals and not told:
                told = True
                log.warning("dispatch_waits", checks=len(refusals), error=str(refusals[0]))
            if pending:
                await asyncio.sleep(_RETRY_SECONDS)

    def _message(self, check: PlannedCheck) -> Message:
        monitor, due_ms, location, purpose = check
        identity = check_id(monitor.public_id, due_ms, location.code, purpose)
        start_by = _start_by(check)
        target = self._target(monitor)
        request = CheckRequest(
            check_id=identity,
            monitor_id=monitor.public_id,
            location=location.code,
            country=location.country_code,
            purpose=purpose,
            due_at=to_datetime(due_ms),
            start_by=to_datetime(start_by),
            timeout_seconds=monitor.timeout_seconds,
            target=target,
            sealed_login=self._seal(monitor, location),
        )
        return Message(
            subjects.check(location.country_code, location.code, monitor.kind),
            msgspec.json.encode(request),
            message_id=str(identity),
            ttl_seconds=max(1, (start_by - now_ms()) // 1000),
        )

    def _target(self, monitor: ScheduledMonitor) -> Target:
        """The locations of a round are asked one after the other, so the target made last is most often the one."""
        if self._made is None or self._made[0] is not monitor:
            self._made = (monitor, target_of(monitor))
        return self._made[1]

    def _seal(self, monitor: ScheduledMonitor, location: Location) -> bytes | None:
        """Sealing costs 20 times the rest of a request, so what was sealed is kept until the monitor or key changes."""
        if configured_login(monitor) is None:
            return None
        key = (monitor.id, location.id)
        version = (monitor.updated_at, location.public_key)
        kept = self._sealed.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        login = login_of(monitor, self._vault)
        if login is None:
            return None
        sealed = seal_login(login, location.public_key, monitor=monitor.public_id, location=location.code)
        self._sealed[key] = (version, sealed)
        self._sealed.move_to_end(key)
        while len(self._sealed) > _SEALED_AT_MOST:
            self._sealed.popitem(last=False)
        return sealed


def expected(check: PlannedCheck) -> Expected:
    """When a check that was given to the broker must have brought its result."""
    settle_ms = _start_by(check) + check.monitor.timeout_seconds * 1000 + _SETTLE_SLACK_MS
    return Expected(check.monitor.id, check.due_ms, check.location.id, check.purpose, GapReason.NO_RESULT, settle_ms)


def _names(check: PlannedCheck) -> dict[str, str]:
    """A check as log lines name it."""
    monitor, due_ms, location, purpose = check
    identity = check_id(monitor.public_id, due_ms, location.code, purpose)
    return {"check_id": str(identity), "monitor_id": str(monitor.public_id), "location": location.code}


def _start_by(check: PlannedCheck) -> int:
    return start_by_ms(check.due_ms, check.monitor.interval_seconds * 1000)
