"""Receivers of notifications in a process of their own: a mail relay, and webhooks that work, hang and fail.

python -m tests.bench.notify.receivers     prints their addresses as JSON, receives until its standard input ends
"""

from __future__ import annotations

import sys

import msgspec

from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink

_MANY = 1_000_000


class Receivers(msgspec.Struct, frozen=True, kw_only=True):
    """The port of the relay, and the URLs of the webhooks: the last two never answer, and answer 500."""

    relay_port: int
    working: str
    hanging: str
    failing: str


def _receive() -> None:
    with SmtpSink() as relay, WebhookSink() as working, WebhookSink() as hanging, WebhookSink() as failing:
        hanging.hold()
        failing.answers = [500] * _MANY
        made = Receivers(relay_port=relay.port, working=working.url, hanging=hanging.url, failing=failing.url)
        print(msgspec.json.encode(made).decode(), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _receive()
