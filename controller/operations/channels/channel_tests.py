"""Try a notification channel: send a test message, and report its outcome in detail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import msgspec

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.model import Principal
from controller.model.values.public_url import PublicUrl
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.channels import sms_text
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.message import render
from controller.notify.notice import PlainNotice
from controller.notify.registry import CHANNELS
from controller.notify.sending import Sending, without_secrets
from controller.notify.webhook.sender import Request, WebhookResponse, is_expected, prepare
from controller.operations.access import require
from controller.operations.accounts.limits import require_few
from controller.operations.channels import mail_routes
from controller.operations.channels.channel_configs import check, check_type, merged
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, ChannelOwner, Outlets, find_owner, source_channel
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.clock import utc_now

TEST_SECONDS = 25.0
_A_MINUTE = timedelta(minutes=1)
_MOST_A_MINUTE = 30
_MOST_RECEIVERS = 5
_PREVIEW = 2048
_ADDRESSED = frozenset({"email", "sms"})


class SentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP request that was sent, or would be sent, with its secrets hidden."""

    url: str
    method: str
    timeout_seconds: float
    headers: dict[str, str]
    body_preview: str
    body_size: int


class ReceivedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The HTTP response; there is none unless `reachable`. `body_size` is the number of bytes of the body that were
    read.
    """

    reachable: bool
    ok: bool
    status_code: int | None = None
    status_text: str | None = None
    duration_ms: int = 0
    headers: dict[str, str] = {}
    body_preview: str = ""
    body_size: int = 0


class TriedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was sent, or would be, by another way than a webhook: to one address, number or channel. `answer`
    is what the receiving side said, or why it was not accepted; empty where nothing is known but `accepted`, which is
    None when nothing was sent.
    """

    receiver: str
    subject: str
    text: str
    accepted: bool | None = None
    answer: str = ""
    duration_ms: int = 0


class ChannelTestResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. `errors` are the faults of the config; with any, nothing was sent."""

    success: bool
    message: str
    errors: list[str] = []
    warnings: list[str] = []
    request: SentRequest | None = None
    response: ReceivedResponse | None = None
    messages: list[TriedMessage] = []


async def test_channel(
    database: Database,
    vault: Vault,
    outlets: Outlets,
    principal: Principal,
    type_: str,
    sent: dict[str, Any],
    named_owner: ChannelOwner,
    *,
    channel_id: int | UUID | None,
    dry_run: bool,
) -> ChannelTestResult:
    """Try this config, merged into that of the channel `channel_id` if one is named. Nothing is stored.

    Raises InvalidError, UnknownCustomerError, NotFoundError, ForbiddenError, LimitedError.
    """
    check_type(type_)
    organization_id = principal.organization_id
    owner = await find_owner(database, organization_id, named_owner)
    stored: dict[str, Any] = {}
    if channel_id is None:
        require(principal, Permission.MANAGE_CHANNELS, organization_id, owner.owner_id, not_found=CHANNEL_NOT_FOUND)
    else:
        stored = (await source_channel(database, principal, channel_id, type_)).config
    await require_few(
        database,
        f"channel-test:{organization_id}",
        _A_MINUTE,
        _MOST_A_MINUTE,
        "Too many tests of notification channels; try again in a minute",
    )
    config = vault.reveal(merged(type_, sent, stored, vault))
    try:
        await check(type_, config, outlets.senders)
    except InvalidError as error:
        return ChannelTestResult(success=False, message="The config is not valid", errors=error.messages)
    warnings: list[str] = []
    if type_ == "email":
        addresses = email_addresses(config)
        await mail_routes.check_mail_routes(database, outlets.exchangers, addresses)
        warnings = (await mail_routes.warnings(database, principal, organization_id, [addresses]))[0]
    try:
        async with asyncio.timeout(TEST_SECONDS):
            done = await _try(type_, config, outlets, warnings, dry_run=dry_run)
    except TimeoutError:
        done = ChannelTestResult(success=False, message="No answer in time")
    return msgspec.structs.replace(done, warnings=warnings)


async def _try(
    type_: str, config: dict[str, Any], outlets: Outlets, warnings: Sequence[str], *, dry_run: bool
) -> ChannelTestResult:
    if type_ == "webhook":
        return await _try_webhook(config, outlets, dry_run=dry_run)
    sendings = [_sending(config, receiver, warnings) for receiver in _receivers(type_, config)]
    if dry_run:
        messages = [_message(type_, sending) for sending in sendings]
        return ChannelTestResult(success=True, message="Nothing was sent", messages=messages)
    messages = []
    for sending in sendings:
        began = time.monotonic()
        try:
            answer = await CHANNELS[type_].send(outlets.senders, sending)
        except (DeliveryError, SkippedError) as error:
            text = without_secrets(str(error), config)
            messages.append(_message(type_, sending, began, accepted=_is_limit(error), answer=text))
            return ChannelTestResult(success=_is_limit(error), message=text, messages=messages)
        messages.append(_message(type_, sending, began, accepted=True, answer=without_secrets(answer, config)))
    return ChannelTestResult(success=True, message="Sent", messages=messages)


async def _try_webhook(config: dict[str, Any], outlets: Outlets, *, dry_run: bool) -> ChannelTestResult:
    request = prepare(_sending(config, "test"))
    shown = _shown(request, config)
    if dry_run:
        return ChannelTestResult(success=True, message="Nothing was sent", request=shown)
    try:
        answer = await outlets.senders.webhook.exchange(request)
    except DeliveryError as error:
        return ChannelTestResult(
            success=False,
            message=without_secrets(str(error), config),
            request=shown,
            response=ReceivedResponse(reachable=False, ok=False),
        )
    ok = is_expected(answer.status, config.get("expectedStatusCodes"))
    limited = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    text = f"It answered {answer.status} {_phrase(answer.status)}".rstrip()
    return ChannelTestResult(
        success=ok or limited, message=text, request=shown, response=_response(answer, config, ok=ok)
    )


def _sending(config: dict[str, Any], receiver: str, warnings: Sequence[str] = ()) -> Sending:
    now = utc_now()
    notice = PlainNotice(
        title="Test of a notification channel",
        paragraphs=["This is a test, and nothing is wrong. A real outage would be reported here."],
        at=now,
    )
    return Sending(
        key=uuid4(),
        receiver=receiver,
        config=config,
        notice=notice,
        message=render(notice, PublicUrl(), warnings),
        attempt=1,
        at=now,
    )


def _message(
    type_: str, sending: Sending, began: float | None = None, *, accepted: bool | None = None, answer: str = ""
) -> TriedMessage:
    return TriedMessage(
        receiver=sending.receiver if type_ in _ADDRESSED else "",
        subject=sending.message.headline if type_ == "sms" else sending.message.subject,
        text=sms_text(sending) if type_ == "sms" else sending.message.text,
        accepted=accepted,
        answer=answer,
        duration_ms=0 if began is None else round((time.monotonic() - began) * 1000),
    )


def _receivers(type_: str, config: dict[str, Any]) -> Sequence[str]:
    match type_:
        case "email":
            return email_addresses(config)[:_MOST_RECEIVERS]
        case "sms":
            return phone_numbers(config)[:_MOST_RECEIVERS]
        case _:
            return ("test",)


def _shown(request: Request, config: dict[str, Any]) -> SentRequest:
    hidden = {name.lower() for name in config.get("headers") or ()}
    return SentRequest(
        url=request.url,
        method=request.method,
        timeout_seconds=request.timeout,
        headers={name: "********" if name.lower() in hidden else value for name, value in request.headers.items()},
        body_preview=_preview(request.body),
        body_size=len(request.body),
    )


def _response(answer: WebhookResponse, config: dict[str, Any], *, ok: bool) -> ReceivedResponse:
    return ReceivedResponse(
        reachable=True,
        ok=ok,
        status_code=answer.status,
        status_text=_phrase(answer.status),
        duration_ms=round(answer.duration_ms),
        headers={name: without_secrets(value, config) for name, value in answer.headers},
        body_preview=without_secrets(_preview(answer.body), config),
        body_size=len(answer.body),
    )


def _preview(body: bytes) -> str:
    return body[:_PREVIEW].decode(errors="replace")


def _is_limit(error: DeliveryError | SkippedError) -> bool:
    """Whether the receiver said that there were too many requests: it can be reached, and it understood the message."""
    return isinstance(error, DeliveryError) and error.status == HTTPStatus.TOO_MANY_REQUESTS


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
