"""Makes signed requests of planned checks, and puts those that travel together into one message."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.schedule.rounds import SLOT_MS, PlannedCheck
from controller.kinds import configured_logins, kind_named, target_of
from controller.model import Location, ScheduledMonitor
from controller.pipeline.requests.logins import with_logins
from controller.vault import Vault, logins_of
from shared.epoch import to_datetime
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.batches import MOST_BYTES, MOST_REQUESTS, of_requests
from shared.wire.messages import BATCHES, CheckRequest, SealedLogin
from shared.wire.rounds import check_id, start_by_ms
from shared.wire.sealing import seal_login
from shared.wire.signing import Signer
from shared.wire.targets import Target

_SEALED_AT_MOST = 500_000


class WrittenRequest(NamedTuple):
    """A check and the request of it, not signed yet."""

    check: PlannedCheck
    identity: UUID
    body: bytes


class CheckMessage(NamedTuple):
    """Checks and the message that requests them, as it is published."""

    checks: tuple[PlannedCheck, ...]
    message: Message


class RequestWriter:
    """`clock` gives epoch milliseconds."""

    def __init__(self, vault: Vault, signer: Signer, clock: Callable[[], int]) -> None:
        self._vault = vault
        self._signer = signer
        self._clock = clock
        self._latest_target: tuple[ScheduledMonitor, Target] | None = None
        self._sealed: OrderedDict[tuple[int, int], tuple[datetime, dict[tuple[str, str], bytes]]] = OrderedDict()

    def write(self, check: PlannedCheck) -> WrittenRequest:
        monitor, due_ms, location, purpose, want_transcript = check
        identity = check_id(monitor.public_id, due_ms, location.code, purpose)
        request = CheckRequest(
            check_id=identity,
            monitor_id=monitor.public_id,
            location=location.code,
            country=location.country_code,
            purpose=purpose,
            due_at=to_datetime(due_ms),
            start_by=to_datetime(start_by(check)),
            timeout_seconds=monitor.timeout_seconds,
            target=self._target(monitor),
            want_transcript=want_transcript,
        )
        request = with_logins(request, self._seal(monitor, location), location)
        return WrittenRequest(check, identity, msgspec.json.encode(request))

    def message(self, requests: Sequence[WrittenRequest]) -> CheckMessage:
        """The message with these requests, which are of one location and kind."""
        checks = tuple(request.check for request in requests)
        location, kind = checks[0].location, checks[0].monitor.kind
        subject = subjects.check(location.country_code, location.code, kind)
        body = of_requests([request.body for request in requests])
        message = Message(subject, body, _message_id(requests), headers=self._signer.headers(subject, body))
        return self.with_time_left(CheckMessage(checks, message))

    def with_time_left(self, request: CheckMessage) -> CheckMessage:
        """The message with the time after which the broker drops it: none of its checks may begin any more."""
        left_ms = max(map(start_by, request.checks)) - self._clock()
        return request._replace(message=request.message._replace(ttl_seconds=max(1, left_ms // 1000)))

    def _target(self, monitor: ScheduledMonitor) -> Target:
        """The monitor's target. The checks of a round follow each other, so the latest target is most often the right
        one.
        """
        if self._latest_target is None or self._latest_target[0] is not monitor:
            self._latest_target = (monitor, target_of(monitor))
        return self._latest_target[1]

    def _seal(self, monitor: ScheduledMonitor, location: Location) -> list[SealedLogin]:
        """The monitor's logins that checks from this location use, each sealed to each key of the location.

        Sealing costs 20 times the rest of a request, so a sealed login is kept until the monitor or the keys change.
        """
        uses = kind_named(monitor.kind).uses_login
        names = [name for name in configured_logins(monitor) if uses(name, monitor.config, location)]
        if not names:
            return []
        here = (monitor.id, location.id)
        updated_at, kept = self._sealed.get(here, (None, {}))
        known = kept if updated_at == monitor.updated_at else {}
        keys = (location.public_key, *location.older_keys)
        if known.keys() != {(name, key) for name in names for key in keys}:
            logins = logins_of(monitor, self._vault)
            known = {
                (name, key): known.get((name, key))
                or seal_login(logins[name], key, monitor=monitor.public_id, location=location.code)
                for name in names
                if name in logins
                for key in keys
            }
            self._sealed[here] = (monitor.updated_at, known)
            self._sealed.move_to_end(here)
            while len(self._sealed) > _SEALED_AT_MOST:
                self._sealed.popitem(last=False)
        return [
            SealedLogin(name=name, sealed=[known[name, key] for key in keys])
            for name in names
            if (name, keys[0]) in known
        ]


def start_by(check: PlannedCheck) -> int:
    """The latest moment at which an agent may begin the check, in epoch milliseconds."""
    return start_by_ms(check.due_ms, check.monitor.interval_seconds * 1000)


def together(requests: Iterable[WrittenRequest]) -> Iterator[list[WrittenRequest]]:
    """The requests by message: those of one location and kind that are due in the same slot, if the location's agents
    read such messages. Whoever plans the same checks again makes the same messages of them, which the broker drops.
    """
    alike: dict[tuple[object, ...], list[WrittenRequest]] = {}
    for request in requests:
        monitor, due_ms, location, purpose, _ = request.check
        own = () if BATCHES in location.reads else (request.identity,)
        alike.setdefault((location.id, monitor.kind, purpose, due_ms // SLOT_MS, *own), []).append(request)
    for group in alike.values():
        yield from _parts(sorted(group, key=lambda request: request.identity))


def _parts(group: Sequence[WrittenRequest]) -> Iterator[list[WrittenRequest]]:
    """Parts of at most MOST_REQUESTS and MOST_BYTES, but for a single request that is larger."""
    part: list[WrittenRequest] = []
    size = 0
    for request in group:
        if part and (len(part) == MOST_REQUESTS or size + len(request.body) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += len(request.body)
    yield part


def _message_id(requests: Sequence[WrittenRequest]) -> str:
    if len(requests) == 1:
        return str(requests[0].identity)
    return blake2b(b"".join(request.identity.bytes for request in requests), digest_size=16).hexdigest()
