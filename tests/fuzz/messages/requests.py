"""Check requests at an agent, one or several in a message, signed by a controller and not: each is accepted or refused,
and logs nothing odd.
"""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

import msgspec
import structlog
from nats.aio.msg import Msg

from agent.intake.acceptance import Refused, Requests
from agent.metrics.counts import Counts
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import CheckRequest
from shared.wire.signing import SIGNATURE
from shared.wire.targets import KINDS
from tests.fakes.installation import SIGNER, VERIFIER
from tests.fuzz.golden import golden

_SUBJECT = subjects.check("DE", "de-nbg", "smtp")
_NOW = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)
"""When the golden requests are neither late nor too far ahead."""

SEEDS = (
    *(b"\x01" + message for message in (*golden("CheckRequest"), *golden("RequestBatch"))),
    b"\x00{}",
    b"\x02{}",
    b"\x03\xff:AAAA\n{}",
)


class _Numbered(Delivery):
    number = 7


def check(data: bytes) -> None:
    """The first byte chooses the signature: a good one, none, a wrong one, or one made of the first line."""
    choice, body = (data[0] if data else 0) & 3, data[1:]
    header = SIGNER.headers(_SUBJECT, body)[SIGNATURE]
    if choice == 2:
        header = header[:-4] + "AAAA"
    if choice == 3:
        line, _, body = body.partition(b"\n")
        header = line.decode("latin-1")
    message = Msg(None, _SUBJECT, "", body, {} if choice == 0 else {SIGNATURE: header})  # type: ignore[arg-type]
    clock = BrokerClock()
    clock.observe(_NOW, monotonic())
    requests = Requests(
        VERIFIER, country="DE", location="de-nbg", kinds=KINDS, clock=clock, counts=Counts(), remembered=2
    )
    with structlog.testing.capture_logs() as logged:
        taken = requests.take(_Numbered(message))
    assert not [line for line in logged if line["event"] == "request_failed"], logged
    if isinstance(taken, Refused):
        return
    assert choice == 1
    assert taken
    assert msgspec.json.decode(msgspec.json.encode(taken), type=list[CheckRequest]) == taken
    for request in taken:
        requests.answered(request.check_id)
    requests.answered(uuid4())
