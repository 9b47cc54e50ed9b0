"""Requests to a provider: to addresses that webhooks may reach, with a deadline, and answers of a bounded size."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from controller.decisions.sign_on import is_provider_url
from controller.notify.errors import DeliveryError
from controller.notify.webhook.sender import Request, WebhookResponse, WebhookSender
from controller.sign_on.errors import ProviderError, ProviderFault

T = TypeVar("T")

SECONDS = 10.0
_PHASE_SECONDS = 5.0
_LARGEST = 512 * 1024
_HEADERS = {"User-Agent": "Mailprobe", "Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderExchange:
    """Sends by the sender of webhooks, which connects to the address that it has checked and follows no redirect."""

    def __init__(self, sender: WebhookSender) -> None:
        self._sender = sender

    async def get(self, url: str, kind: type[T], headers: dict[str, str] | None = None) -> T:
        """The JSON at this address as `kind`. Raises ProviderError."""
        answer = await self._send("GET", url, headers or {}, b"")
        if answer.status != HTTPStatus.OK:
            message = f"{urlsplit(url).hostname} answered {answer.status}"
            raise ProviderError(message, fault=ProviderFault.STATUS, status=answer.status)
        return _decoded(url, answer, kind)

    async def post(self, url: str, kind: type[T], headers: dict[str, str], body: str) -> T:
        """The JSON that answers a form, with whatever status. Raises ProviderError."""
        return _decoded(url, await self._send("POST", url, headers, body.encode()), kind)

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> WebhookResponse:
        if not is_provider_url(url):
            raise ProviderError("the provider names an address that is no https URL", fault=ProviderFault.ADDRESS)
        request = Request(
            method=method,
            url=url,
            headers={**_HEADERS, **headers},
            body=body,
            timeout=_PHASE_SECONDS,
            most_read=_LARGEST,
        )
        try:
            async with asyncio.timeout(SECONDS):
                return await self._sender.exchange(request)
        except TimeoutError as error:
            message = f"{urlsplit(url).hostname} did not answer in time"
            raise ProviderError(message, fault=ProviderFault.UNREACHABLE) from error
        except DeliveryError as error:
            fault = ProviderFault.ADDRESS if error.permanent else ProviderFault.UNREACHABLE
            raise ProviderError(str(error), fault=fault) from error


def _decoded(url: str, answer: WebhookResponse, kind: type[T]) -> T:
    host = urlsplit(url).hostname
    if len(answer.body) >= _LARGEST:
        raise ProviderError(f"{host} answered more than {_LARGEST} bytes")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Without its cause: that quotes the answer, which may hold tokens.
        raise ProviderError(f"{host} answered {answer.status} with something else than was expected") from None
