"""Subscribers learn of each attempt to notify somebody, without the secrets of the channel."""

from __future__ import annotations

import msgspec

from shared.wire.side_events import DeliveryEvent
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase


async def test_each_attempt_is_an_event(case: NotificationCase, hook: WebhookSink) -> None:
    hook.answers = [500]
    await case.channel("webhook", "On call", {"url": hook.url, "secret": "geheim"})
    incident = await case.opened()
    await case.deliver_due()
    await case.hasten()
    await case.deliver_due()
    rows = await case.rows("SELECT body FROM event_outbox WHERE subject LIKE '%.delivery' ORDER BY id")
    failed, sent = (msgspec.json.decode(body, type=DeliveryEvent) for (body,) in rows)
    assert (failed.outcome, failed.attempt, sent.outcome, sent.attempt) == ("retrying", 1, "sent", 2)
    assert failed.error
    assert sent.error is None
    assert failed.delivery_id == sent.delivery_id
    assert failed.event_id != sent.event_id
    assert {(one.incident_id, one.channel, one.name, one.kind) for one in (failed, sent)} == {
        (incident.public_id, "webhook", "On call", "smtp")
    }
    assert b"geheim" not in b"".join(body for (body,) in rows)
    assert hook.url.encode() not in b"".join(body for (body,) in rows)
