"""Hand-over to on-call services: what each is sent at every step of an incident, under one key."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from controller.errors import InvalidError
from controller.notify.channels import Senders
from controller.notify.errors import SkippedError
from controller.notify.notice import IncidentNotice, PlainNotice
from controller.notify.registry import CHANNELS
from shared.epoch import to_text
from tests.fakes.notices import BEGAN, a_notice, a_sending
from tests.fakes.webhook_sink import Post, WebhookSink

KEY = str(UUID(int=7))

DOWN = "Down: Office mail – 2 of 3 countries cannot connect: refused; US passes"


def config_of(kind: str, port: int) -> dict[str, Any]:
    base = f"http://127.0.0.1:{port}"
    configs: dict[str, dict[str, Any]] = {
        "alertmanager": {"url": base, "labels": "team=mail, severity=critical", "user": "u", "password": "pw"},
        "allquiet": {"secret": f"{base}/api/webhook/w1"},
        "gitlab": {"url": f"{base}/acme/mail/alerts/notify/mp/1a2b.json", "token": "gl-key"},
        "goalert": {"secret": f"{base}/api/v2/generic/incoming?token=t1"},
        "grafanaoncall": {"secret": f"{base}/integrations/v1/formatted_webhook/g1/"},
        "opsgenie": {"url": base, "apiKey": "og-key"},
        "pagerduty": {"url": base, "routingKey": "R" * 32},
        "servicenow": {"url": base, "user": "mailprobe", "password": "pässword"},
    }
    return configs[kind]


async def posts(senders: Senders, kind: str, *notices: IncidentNotice | PlainNotice, **fields: Any) -> list[Post]:
    """What the service is sent for these notices, one after the other."""
    with WebhookSink() as sink:
        config = config_of(kind, sink.port)
        await CHANNELS[kind].check(senders, config)
        for notice in notices:
            await CHANNELS[kind].send(senders, a_sending(config, notice=notice, **fields))
        return list(sink.received)


async def test_pagerduty_is_sent_events_of_one_key(senders: Senders) -> None:
    notices = [a_notice(change) for change in ("opened", "escalated", "acknowledged", "resolved")]
    sent = await posts(senders, "pagerduty", *notices)
    assert {post.path for post in sent} == {"/v2/enqueue"}
    assert [post.json["event_action"] for post in sent] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {post.json["dedup_key"] for post in sent} == {KEY}
    assert {post.json["routing_key"] for post in sent} == {"R" * 32}
    described = sent[0].json["payload"]
    assert (described["summary"], described["source"], described["severity"]) == (
        *(DOWN, "mx.example.com", "critical"),
    )
    assert "2 of 3 countries" in described["custom_details"]["text"]


async def test_opsgenie_closes_the_alert_that_it_opened(senders: Senders) -> None:
    notices = [a_notice(change) for change in ("opened", "flapping", "acknowledged", "resolved")]
    sent = await posts(senders, "opsgenie", *notices)
    assert [post.path for post in sent] == [
        "/v2/alerts",
        f"/v2/alerts/{KEY}/notes?identifierType=alias",
        f"/v2/alerts/{KEY}/acknowledge?identifierType=alias",
        f"/v2/alerts/{KEY}/close?identifierType=alias",
    ]
    assert {post.headers["authorization"] for post in sent} == {"GenieKey og-key"}
    assert (sent[0].json["alias"], sent[0].json["priority"], sent[0].json["message"]) == (*(KEY, "P1", DOWN),)


async def test_alertmanager_is_sent_the_same_labels_from_first_to_last(senders: Senders) -> None:
    partial = a_notice("opened", severity="partial")
    sent = await posts(senders, "alertmanager", partial, a_notice("escalated"), a_notice("resolved"))
    alerts = [post.json[0] for post in sent]
    assert {post.path for post in sent} == {"/api/v2/alerts"}
    assert all(
        alert["labels"] == {"alertname": "Mailprobe", "incident": KEY, "team": "mail", "severity": "critical"}
        for alert in alerts
    )
    assert [alert["annotations"]["severity"] for alert in alerts] == ["warning", "critical", "critical"]
    now = BEGAN + timedelta(seconds=31)
    assert [alert["endsAt"] for alert in alerts] == [*[to_text(now + timedelta(days=30))] * 2, to_text(now)]
    assert {alert["startsAt"] for alert in alerts} == {to_text(BEGAN)}
    assert b64decode(sent[0].headers["authorization"].removeprefix("Basic ")) == b"u:pw"


async def test_a_test_of_alertmanager_ends_by_itself(senders: Senders) -> None:
    [post] = await posts(senders, "alertmanager", PlainNotice(title="T", paragraphs=["x"], at=BEGAN))
    assert post.json[0]["endsAt"] == to_text(BEGAN + timedelta(seconds=31, minutes=5))


@pytest.mark.parametrize(
    ("kind", "opened", "closed"),
    [
        pytest.param(
            "goalert",
            {"summary": DOWN, "dedup": KEY, "action": None},
            {"dedup": KEY, "action": "close"},
            id="GoAlert closes by its action",
        ),
        pytest.param(
            "allquiet",
            {"status": "Open", "severity": "Critical", "correlationId": KEY, "title": DOWN},
            {"status": "Resolved", "correlationId": KEY},
            id="All Quiet resolves by status",
        ),
        pytest.param(
            "grafanaoncall",
            {"state": "alerting", "alert_uid": KEY, "title": DOWN},
            {"state": "ok", "alert_uid": KEY},
            id="Grafana OnCall resolves by state",
        ),
        pytest.param(
            "gitlab",
            {"fingerprint": KEY, "severity": "critical", "end_time": None, "hosts": ["mx.example.com"]},
            {"fingerprint": KEY, "end_time": to_text(BEGAN + timedelta(seconds=31))},
            id="GitLab resolves by an end time",
        ),
        pytest.param(
            "servicenow",
            {"message_key": KEY, "severity": "1", "node": "mx.example.com", "source": "Mailprobe"},
            {"message_key": KEY, "severity": "0"},
            id="ServiceNow clears by severity 0",
        ),
    ],
)
async def test_what_opens_an_alert_is_closed_by_the_same_key(
    senders: Senders, kind: str, opened: dict[str, Any], closed: dict[str, Any]
) -> None:
    first, last = await posts(senders, kind, a_notice("opened"), a_notice("resolved"))
    assert {name: first.json.get(name) for name in opened} == opened
    assert {name: last.json.get(name) for name in closed} == closed
    assert first.method == "POST"
    with pytest.raises(SkippedError, match="cannot be told"):
        await posts(senders, kind, a_notice("acknowledged"))


async def test_keys_are_sent_where_the_service_wants_them(senders: Senders) -> None:
    [gitlab] = await posts(senders, "gitlab", a_notice())
    assert (gitlab.path, gitlab.headers["authorization"]) == ("/acme/mail/alerts/notify/mp/1a2b.json", "Bearer gl-key")
    [servicenow] = await posts(senders, "servicenow", a_notice())
    assert servicenow.path == "/api/now/table/em_event"
    assert b64decode(servicenow.headers["authorization"].removeprefix("Basic ")).decode() == "mailprobe:pässword"
    [grafana] = await posts(senders, "grafanaoncall", a_notice())
    assert grafana.path == "/integrations/v1/formatted_webhook/g1/"
    [goalert] = await posts(senders, "goalert", a_notice())
    assert goalert.path == "/api/v2/generic/incoming?token=t1"


async def test_messages_about_a_group_belong_to_the_alert_of_its_thread(senders: Senders) -> None:
    thread = str(uuid4())
    sent = await posts(senders, "pagerduty", a_notice(), a_notice("resolved"), thread=thread)
    assert [post.json["dedup_key"] for post in sent] == [thread, thread]


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        pytest.param("pagerduty", {"routingKey": "k", "url": "ftp://x"}, "config.url", id="a URL that is none"),
        pytest.param(
            "pagerduty", {"routingKey": "k", "webhookSecret": "short"}, "config.webhookSecret", id="guessable"
        ),
        pytest.param("opsgenie", {"apiKey": "ü"}, "config.apiKey", id="a key that no header can hold"),
        pytest.param(
            "alertmanager", {"url": "https://a", "labels": "team"}, "config.labels", id="a label without value"
        ),
        pytest.param(
            "alertmanager", {"url": "https://a", "labels": "alertname=x"}, "config.labels", id="a label of ours"
        ),
        pytest.param(
            "alertmanager", {"url": "https://a", "user": "u"}, "config.password", id="a user without password"
        ),
        pytest.param("linear", {"apiKey": "k"}, "config.teamId", id="no team"),
        pytest.param("gitlab", {"url": "https://a"}, "config.token", id="no key"),
        pytest.param("goalert", {"secret": "goalert"}, "config.secret", id="no URL"),
        pytest.param("servicenow", {"url": "https://a:99999"}, "config.url", id="a port that is none"),
    ],
)
async def test_a_config_that_cannot_work_is_refused_by_its_field(
    senders: Senders, kind: str, config: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await CHANNELS[kind].check(senders, config)
    assert refused.value.field == field
