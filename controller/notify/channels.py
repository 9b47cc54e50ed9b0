"""How the config of each channel type is checked, and how a message is sent to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from controller.decisions.notification.retries import check_retries
from controller.errors import InvalidError
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.apprise.process import AppriseProcesses
from controller.notify.apprise.services import SERVICES, service_url
from controller.notify.destinations import Destinations
from controller.notify.email.relay import Relay
from controller.notify.email.sender import EmailSender
from controller.notify.errors import DeliveryError, Fault, SkippedError
from controller.notify.rendering.html import template
from controller.notify.sending import Sending
from controller.notify.webhook.sender import METHODS, WebhookSender
from shared.addresses import Network
from shared.secret import Secret

Config = Mapping[str, Any]
_ONE_SMS = 160
_LEAST_WORDS = 12
NUMBER = "{number}"
"""The placeholder for the phone number in the Apprise URL of the text message service."""


class Senders(msgspec.Struct, frozen=True, kw_only=True):
    """The transports of this controller, and the addresses they may reach."""

    email: EmailSender
    webhook: WebhookSender
    apprise: AppriseProcesses
    destinations: Destinations
    sms_url: Secret | None


@asynccontextmanager
async def open_senders(
    *,
    relay: Relay | None,
    sms_url: Secret | None,
    allowed: tuple[Network, ...] = (),
    context: ssl.SSLContext | None = None,
    nameservers: Sequence[str] = (),
) -> AsyncIterator[Senders]:
    """`allowed` are networks that notifications may reach besides public addresses. `nameservers` are those to query in
    the place of the system's.
    """
    destinations = Destinations(allowed, nameservers=nameservers)
    webhook = WebhookSender(destinations, context)
    await webhook.read_authorities()
    await asyncio.to_thread(template)
    async with AppriseProcesses.open() as apprise, EmailSender(relay).keeping_connections() as email:
        yield Senders(
            email=email,
            webhook=webhook,
            apprise=apprise,
            destinations=destinations,
            sms_url=sms_url,
        )


class ChannelGroup(StrEnum):
    """Channel types that share a transport, with a common limit of messages sent at once."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"
    APPRISE = "apprise"


class ChannelType(NamedTuple):
    """`check` validates a channel's config, given with its secrets in clear, and raises InvalidError. `send` returns
    what the receiving side said, empty where that is not known, and raises DeliveryError, SkippedError.
    """

    group: ChannelGroup
    check: Callable[[Senders, Config], Awaitable[None]]
    send: Callable[[Senders, Sending], Awaitable[str]]


async def check_email(_: Senders, config: Config) -> None:
    if not email_addresses(config):
        raise InvalidError("config.to", "must have an e-mail address, or several separated by commas")


async def send_email(senders: Senders, sending: Sending) -> str:
    return await senders.email.send(sending)


async def check_sms(_: Senders, config: Config) -> None:
    if not phone_numbers(config):
        raise InvalidError("config.phoneNumber", "must be a phone number such as +4930123456")


async def send_sms(senders: Senders, sending: Sending) -> str:
    if senders.sms_url is None:
        raise SkippedError("no text message service is configured (MAILPROBE_SMS_URL)")
    url = senders.sms_url.reveal().replace(NUMBER, quote(sending.receiver, safe=""))
    short = msgspec.structs.replace(sending.message, subject=sending.message.headline, text=sms_text(sending))
    try:
        await senders.apprise.send(url, short, allowed=None)
    except DeliveryError as error:
        if error.fault is Fault.CHANNEL:  # the service is the installation's, not the channel's
            error.fault = Fault.TRANSPORT
        raise
    return ""


def sms_text(sending: Sending) -> str:
    """The text beside the headline. With the link that acknowledges, for which it is cut until one text message holds
    both; otherwise with the link of the page, if one text message holds all of it.
    """
    text, message = sending.notice.sms_text, sending.message
    free = _ONE_SMS - len(f"{message.headline}\n")
    if message.ack_link and len(message.ack_link) <= free:
        return f"{_cut(text, free - len(message.ack_link) - 1)}\n{message.ack_link}".lstrip()
    linked = f"{text}\n{message.link}"
    return linked if message.link and len(linked) <= free else text


def _cut(text: str, longest: int) -> str:
    """The text, or its beginning; empty where too little is left to be read. An ellipsis of one character would make
    the whole text message one of 70 characters.
    """
    if len(text) <= longest:
        return text
    return f"{text[: longest - 3].rstrip()}..." if longest >= _LEAST_WORDS else ""


async def check_webhook(senders: Senders, config: Config) -> None:
    """Raises InvalidError, also for a host with only private addresses. A host that does not resolve is accepted."""
    url = config.get("url")
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidError("config.url", "must be an http or https URL") from error
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidError("config.url", "must be an http or https URL")
    if str(config.get("method") or "POST").upper() not in METHODS:
        raise InvalidError("config.method", f"must be one of {', '.join(METHODS)}")
    headers = config.get("headers")
    if headers is not None and not (isinstance(headers, Mapping) and all(map(_is_header, headers.items()))):
        raise InvalidError("config.headers", "must be an object of header names and values")
    if not isinstance(config.get("bodyTemplate") or "", str | dict | list):
        raise InvalidError("config.bodyTemplate", "must be a string or JSON")
    check_retries(config)
    try:
        await senders.destinations.addresses(host)
    except DeliveryError as error:
        if error.permanent:
            raise InvalidError(
                "config.url",
                "must not lead to a private address (MAILPROBE_NOTIFY_ALLOW_NETWORKS of the controller allows some)",
            ) from error


async def send_webhook(senders: Senders, sending: Sending) -> str:
    await senders.webhook.send(sending)
    return ""


def service(name: str) -> ChannelType:
    """The channel type of a chat or on-call service."""

    async def check(senders: Senders, config: Config) -> None:
        url = service_url(name, config)
        try:
            known = await senders.apprise.understands(url, plugins=SERVICES[name].plugins)
        except DeliveryError:
            return  # a fault of ours, not of the config; it is reported when something is sent
        if not known:
            raise InvalidError("config", f"of {name} needs {SERVICES[name].needs}; the given config is incomplete")

    async def send(senders: Senders, sending: Sending) -> str:
        try:
            url = service_url(
                name, sending.config, sending.notice, sending.message.tone, ack_link=sending.message.ack_link
            )
        except InvalidError as error:
            raise DeliveryError(str(error), permanent=True) from error
        allowed = senders.destinations.allowed
        await senders.apprise.send(url, sending.message, plugins=SERVICES[name].plugins, allowed=allowed)
        return ""

    return ChannelType(ChannelGroup.APPRISE, check, send)


def _is_header(pair: tuple[Any, Any]) -> bool:
    name, value = pair
    token = isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    return token and isinstance(value, str) and value.isascii() and value.isprintable()
