"""Give the checks of a trial to the broker, as signed requests with sealed logins. Nothing is written down: a check
that brings no result shows in the trial itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from controller.decisions.trials import START_WITHIN
from controller.kinds import kind_named
from controller.model import Location
from controller.model.trials import Trying
from controller.pipeline.requests.logins import with_logins
from shared.epoch import to_ms
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.messages import CheckRequest, SealedLogin
from shared.wire.rounds import Purpose, check_id
from shared.wire.sealing import seal_login
from shared.wire.signing import Signer

_PUBLISH_SECONDS = 10.0


async def publish_trial(bus: Bus, signer: Signer, trying: Trying, locations: Sequence[Location]) -> None:
    """Check from these locations now. Returns when the broker has every request. Raises BusError."""
    if not bus.connected:
        raise BusError("not connected to NATS")
    messages = [_message(signer, trying, location) for location in locations]
    try:
        async with asyncio.timeout(_PUBLISH_SECONDS):
            outcomes = await bus.publish_all(messages)
    except TimeoutError:
        raise BusError("the broker did not answer in time") from None
    for refusal in outcomes:
        if refusal is not None:
            raise refusal


def _message(signer: Signer, trying: Trying, location: Location) -> Message:
    identity = check_id(trying.id, to_ms(trying.due_at), location.code, Purpose.TRIAL)
    request = CheckRequest(
        check_id=identity,
        monitor_id=trying.id,
        location=location.code,
        country=location.country_code,
        purpose=Purpose.TRIAL,
        due_at=trying.due_at,
        start_by=trying.due_at + START_WITHIN,
        timeout_seconds=trying.timeout_seconds,
        target=trying.target,
        want_transcript=True,
    )
    body = msgspec.json.encode(with_logins(request, _sealed(trying, location), location))
    subject = subjects.check(location.country_code, location.code, trying.kind)
    ttl = max(1, int(START_WITHIN.total_seconds()))
    return Message(subject, body, str(identity), ttl_seconds=ttl, headers=signer.headers(subject, body))


def _sealed(trying: Trying, location: Location) -> list[SealedLogin]:
    """The logins that checks from this location use, each sealed to each key of the location."""
    uses = kind_named(trying.kind).uses_login
    keys = (location.public_key, *location.older_keys)
    return [
        SealedLogin(
            name=name,
            sealed=[seal_login(login, key, monitor=trying.id, location=location.code) for key in keys],
        )
        for name, login in trying.logins.items()
        if uses(name, trying.config, location)
    ]
