"""Messages with several results at the controller: each part is a result or refused, and every message has an end."""

from __future__ import annotations

from nats.aio.msg import Msg

from controller.pipeline.ingest.arrivals import opened
from shared.clock import utc_now
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.batches import of_results
from tests.fuzz.golden import golden
from tests.fuzz.messages import results

_SUBJECT = subjects.batch_of(subjects.result("DE", "de-nbg"))

SEEDS = (of_results(results.SEEDS[:2]), *golden("ResultBatch"), b'{"results":[]}', b'{"results":[1,{}]}')


def check(data: bytes) -> None:
    delivery = Delivery(Msg(None, _SUBJECT, "", data, {}))  # type: ignore[arg-type]
    arrivals, rejected = opened(delivery, utc_now())
    [message] = {one.message for one in arrivals} | {one.message for one in rejected}
    assert message._open == len(arrivals) + len(rejected) > 0
    for one in rejected:
        assert one.reason
        one.reason.encode()
        assert one.subject == subjects.of_each_result(_SUBJECT)
