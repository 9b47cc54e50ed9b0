"""Notifications about monitors that connect to two servers, or to none."""

from __future__ import annotations

import pytest

from tests.fakes import kinds
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, addressed

OWN = "own@example.com"


@pytest.mark.parametrize(
    ("kind", "config", "server", "named", "url"),
    [
        (
            "pair",
            {"reader": "imap.example.com"},
            "Server: Round trip mx.example.com:587 and imap.example.com:993",
            ["mx.example.com:587", "imap.example.com:993"],
            "pair://mx.example.com:587",
        ),
        ("zone", {}, "Domain: Domain mx.example.com", ["mx.example.com"], "zone://mx.example.com"),
        ("smtp", {}, "Server: smtp mx.example.com", None, "smtp://mx.example.com"),
    ],
)
async def test_a_notice_names_what_is_checked(
    case: NotificationCase,
    mail: SmtpSink,
    hook: WebhookSink,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    config: dict[str, str],
    server: str,
    named: list[str] | None,
    url: str,
) -> None:
    kinds.install(monkeypatch)
    monitor = await case.monitor(kind=kind, config=config, notification_email=OWN)
    await addressed(case, notification_email=OWN)
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened(monitor)
    await case.deliver_due()
    [sent] = mail.to(OWN)
    assert server in [" ".join(line.split()) for line in sent.text().splitlines()]
    [posted] = hook.received
    assert posted.json["monitor"].get("servers") == named
    assert posted.json["website"]["url"] == url
