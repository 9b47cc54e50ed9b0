"""Buttons of chat services that take what a message is about."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.apprise.services import service_url
from controller.notify.message import Tone, render
from controller.notify.notice import NoticeAcknowledgement
from controller.notify.sending import Sending
from controller.notify.telegram import button_request
from controller.notify.webhook.body import body_of
from tests.fakes.notices import a_notice, a_sending

LINK = "https://mail.example.com/ack/AAAAAAAAAAAAAAAAAAAAAA"
BOT = "123456789:" + "a" * 35


def takeable(config: dict[str, Any] | None = None, *, link: str | None = LINK) -> Sending:
    return a_sending(config, message=render(a_notice(), PublicUrl("https://mail.example.com"), ack_link=link))


def test_the_link_is_in_text_html_and_webhook() -> None:
    sending = takeable()
    assert f"Take it: {LINK}\n" in sending.message.text
    assert f'href="{LINK}"' in sending.message.html
    assert msgspec.json.decode(body_of(sending))["ackUrl"] == LINK
    assert body_of(takeable({"bodyTemplate": "take {{ackUrl}}"})) == f"take {LINK}".encode()


def test_without_a_link_nothing_speaks_of_taking() -> None:
    sending = takeable(link=None)
    assert "Take it" not in sending.message.text + sending.message.html
    assert "ackUrl" not in msgspec.json.decode(body_of(sending))
    assert body_of(takeable({"bodyTemplate": "take {{ackUrl}}"}, link=None)) == b"take "


def test_ntfy_has_a_button_for_each_length_of_time() -> None:
    config = {"url": "https://ntfy.example.com", "topic": "ops"}
    url = service_url("ntfy", config, a_notice(), Tone.TROUBLE, ack_link=LINK)
    actions = json.loads(parse_qs(urlsplit(url).query)["actions"][0])
    assert [(one["action"], one["label"], one["method"], one["url"], one["body"]) for one in actions] == [
        ("http", "30 min", "POST", LINK, "for=30m"),
        ("http", "2 h", "POST", LINK, "for=2h"),
        ("http", "Until resolved", "POST", LINK, "for=resolved"),
    ]
    assert "actions" not in service_url("ntfy", config, a_notice(), Tone.TROUBLE)
    assert "ack" not in service_url("gotify", {"url": "https://g.example.com", "token": "t"}, a_notice(), ack_link=LINK)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"botToken": BOT, "chatId": "-1001234567890"}, id="a bot and a chat"),
        pytest.param({"secret": f"tgram://{BOT}/-1001234567890/"}, id="an Apprise URL of one chat"),
    ],
)
def test_telegram_has_a_button_that_leads_to_the_page(config: dict[str, Any]) -> None:
    request = button_request(takeable(config))
    assert request
    assert request.url == f"https://api.telegram.org/bot{BOT}/sendMessage"
    body = json.loads(request.body)
    assert body["chat_id"] == "-1001234567890"
    assert body["reply_markup"] == {"inline_keyboard": [[{"text": "Take it", "url": LINK}]]}
    assert body["text"].startswith("Down: Office mail")


@pytest.mark.parametrize(
    ("config", "link"),
    [
        pytest.param({"botToken": BOT, "chatId": "5"}, None, id="nothing to take"),
        pytest.param({"secret": f"tgram://{BOT}/5/6/"}, LINK, id="two chats: Apprise sends to both"),
        pytest.param({"secret": f"tgram://{BOT}/5/?silent=yes"}, LINK, id="settings that Apprise knows"),
        pytest.param({"botToken": "../x", "chatId": "5"}, LINK, id="no token of a bot"),
    ],
)
def test_telegram_without_a_button_is_sent_by_apprise(config: dict[str, Any], link: str | None) -> None:
    assert button_request(takeable(config, link=link)) is None


@pytest.mark.parametrize(
    ("lasts", "until", "others", "subject"),
    [
        ("resolved", None, 0, "Taken by ann@example.com until it is resolved: Office mail"),
        ("2h", "2026-03-01T14:00:00Z", 0, "Taken by ann@example.com for 2 h: Office mail"),
        ("30m", "2026-03-01T14:00:00Z", 37, "Taken by ann@example.com for 30 min: Office mail and 37 more"),
    ],
)
def test_who_took_it_is_the_subject(lasts: str, until: str | None, others: int, subject: str) -> None:
    taken = msgspec.convert(
        {"by": "ann@example.com", "for": lasts, "until": until, "comment": "On my way", "others": others},
        NoticeAcknowledgement,
    )
    message = render(a_notice("acknowledged", acknowledgement=taken), PublicUrl())
    assert message.headline == subject
    assert message.subject == (subject if others else f"{subject} \N{EN DASH} {a_notice().reason}")
    assert "On my way" in message.text
    assert message.tone is Tone.PLAIN
