"""A button in Telegram: Apprise sends no inline keyboards, so a message that somebody may take is sent to the bot API
by itself. Everything else goes by Apprise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from controller.notify.channels import ChannelType, Senders
from controller.notify.errors import DeliveryError, Fault
from controller.notify.sending import Sending
from controller.notify.webhook.sender import RETRY_STATUSES, Request

SERVER = "https://api.telegram.org"
_LONGEST = 4096
_SECONDS = 10.0
_BOT = re.compile(r"(?:bot)?([0-9]+:[A-Za-z0-9_-]+)")
_CHAT = re.compile(r"-?[0-9]+|@[A-Za-z0-9_]+")
_URL = re.compile(r"tgram://(?P<bot>[^/?#]+)/(?P<chat>[^/?#]+)/?")
_BAD_REQUEST = 400


def with_button(by_apprise: ChannelType, server: str = SERVER) -> ChannelType:
    """The channel type, whose messages have a button where somebody may take what they are about."""

    async def send(senders: Senders, sending: Sending) -> str:
        request = button_request(sending, server)
        if request is not None:
            status = (await senders.webhook.exchange(request)).status
            if 200 <= status < 300:
                return ""
            if status != _BAD_REQUEST:  # it takes no button that leads to a host without a public name
                permanent = 300 <= status < 500 and status not in RETRY_STATUSES
                fault = Fault.MESSAGE if permanent else Fault.CHANNEL
                text = f"the service answered {status}"
                raise DeliveryError(text, permanent=permanent, status=status, fault=fault)
        return await by_apprise.send(senders, sending)

    return by_apprise._replace(send=send)


def button_request(sending: Sending, server: str = SERVER) -> Request | None:
    """The request of a message with its button; None for one that nobody can take, and for a config that names more
    than a bot and a chat.
    """
    link, known = sending.message.ack_link, _bot_and_chat(sending.config)
    if link is None or known is None:
        return None
    bot, chat = known
    body = {
        "chat_id": chat,
        "text": sending.message.text[:_LONGEST],
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Take it", "url": link}]]},
    }
    return Request(
        method="POST",
        url=f"{server}/bot{bot}/sendMessage",
        headers={"User-Agent": "Mailprobe", "Content-Type": "application/json", "Accept-Encoding": "identity"},
        body=msgspec.json.encode(body),
        timeout=_SECONDS,
    )


def _bot_and_chat(config: Mapping[str, Any]) -> tuple[str, str] | None:
    bot, chat = config.get("botToken"), config.get("chatId")
    if not bot or not chat:
        found = _URL.fullmatch(str(config.get("secret") or ""))
        bot, chat = (found["bot"], found["chat"]) if found else ("", "")
    named = _BOT.fullmatch(str(bot).strip())
    return (named[1], str(chat).strip()) if named and _CHAT.fullmatch(str(chat).strip()) else None
