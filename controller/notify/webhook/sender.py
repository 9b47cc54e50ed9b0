"""Sends webhooks: one HTTP request, signed as Uptimeify signs its own (docs/compatibility.md, U26), to the very address
that was checked. Redirects are not followed, because they could lead to an address that is not allowed.
"""

from __future__ import annotations

import hmac
import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from controller.notify.destinations import Destinations
from controller.notify.errors import DeliveryError, Fault, certificate_problem
from controller.notify.sending import Sending
from controller.notify.tls_context import KeptTlsContext
from controller.notify.webhook.body import body_of, content_type_of, event_of
from shared.epoch import to_text

METHODS = ("POST", "PUT", "PATCH", "GET", "DELETE")
LONGEST_TIMEOUT = 30.0
_TIMEOUT = 10.0
_MOST_READ = 16 * 1024
_MOST_ADDRESSES = 2
_RESERVED_HEADERS = ("host", "content-length", "transfer-encoding", "connection")
RETRY_STATUSES = frozenset({408, 421, 423, 425, 429})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The request to send. The signature covers the exact bytes of the body. Of the answer's body `most_read` bytes are
    read.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    timeout: float
    most_read: int = _MOST_READ


class WebhookResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `body` is its beginning, at most as much as the request says."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    duration_ms: float


class WebhookSender:
    def __init__(self, destinations: Destinations, context: ssl.SSLContext | None = None) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # below WARNING it logs whole URLs, secrets included
        self._destinations = destinations
        self._context = KeptTlsContext(lambda: context or httpx.create_ssl_context(trust_env=True))

    async def read_authorities(self) -> None:
        """Read the list of certificate authorities now, not with the first webhook. Raises OSError, ValueError."""
        await self._context.current()

    async def send(self, sending: Sending) -> None:
        """Raises DeliveryError."""
        answer = await self.exchange(prepare(sending))
        if not is_expected(answer.status, sending.config.get("expectedStatusCodes")):
            raise refusal("the webhook", answer.status)

    async def exchange(self, request: Request) -> WebhookResponse:
        """Send the request and return the answer. Raises DeliveryError when there is none."""
        try:
            url = httpx.URL(request.url)
        except httpx.InvalidURL as error:
            raise DeliveryError("the channel's URL is not valid", permanent=True) from error
        if url.scheme not in ("http", "https") or not url.host:
            raise DeliveryError("the channel's URL is not an http or https URL", permanent=True)
        addresses = await self._destinations.addresses(url.host)
        refused: Exception | None = None
        verified = await self._context.current()
        async with httpx.AsyncClient(verify=verified, trust_env=False, timeout=request.timeout) as client:
            for address in addresses[:_MOST_ADDRESSES]:
                try:
                    return await _exchange(client, request, url, address)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    refused = error
                except httpx.TimeoutException as error:
                    message = f"{url.host} did not answer in time"
                    raise DeliveryError(message, permanent=False, fault=Fault.CHANNEL) from error
                except (httpx.LocalProtocolError, ValueError, TypeError) as error:
                    raise DeliveryError("the channel's method or headers are not valid", permanent=True) from error
                except httpx.HTTPError as error:
                    message = f"{url.host} closed the connection or sent no valid HTTP answer"
                    raise DeliveryError(message, permanent=False, fault=Fault.CHANNEL) from error
        if problem := certificate_problem(refused):
            message = f"the certificate of {url.host} is not valid: {problem}"
        else:
            message = f"cannot connect to {url.host}"
        raise DeliveryError(message, permanent=False, fault=Fault.CHANNEL) from refused


def prepare(sending: Sending) -> Request:
    """The request of one attempt, made from the channel's config."""
    config = sending.config
    body = body_of(sending)
    given = config.get("headers")
    headers = {"User-Agent": "Mailprobe", "Content-Type": content_type_of(config), "Accept-Encoding": "identity"}
    for name, value in (given if isinstance(given, Mapping) else {}).items():
        if str(name).lower() not in _RESERVED_HEADERS:
            headers = {known: kept for known, kept in headers.items() if known.lower() != str(name).lower()}
            headers[str(name)] = str(value)
    headers |= {
        "X-Webhook-Timestamp": to_text(sending.at),
        "X-Webhook-Attempt": str(sending.attempt),
        "X-Webhook-Event": event_of(sending.notice),
        "X-Webhook-Delivery": str(sending.key),
    }
    secret = config.get("secret")
    if isinstance(secret, str) and secret:
        headers["X-Webhook-Signature"] = hmac.new(secret.encode(), body, "sha256").hexdigest()
        headers["X-Webhook-Signature-Algorithm"] = "sha256"
    return Request(
        method=str(config.get("method") or "POST").upper(),
        url=str(config.get("url") or ""),
        headers=headers,
        body=body,
        timeout=_timeout(config.get("timeout")),
    )


async def _exchange(client: httpx.AsyncClient, request: Request, url: httpx.URL, address: str) -> WebhookResponse:
    began = time.monotonic()
    sent = client.build_request(
        request.method,
        url.copy_with(host=address),
        headers={**request.headers, "Host": url.netloc.decode()},
        content=request.body,
        extensions={"sni_hostname": url.host},
    )
    response = await client.send(sent, stream=True, follow_redirects=False)
    read = bytearray()
    try:
        async for chunk in response.aiter_raw():
            read += chunk
            if len(read) >= request.most_read or time.monotonic() - began > request.timeout:
                break
    finally:
        await response.aclose()
    return WebhookResponse(
        status=response.status_code,
        headers=response.headers.multi_items(),
        body=bytes(read[: request.most_read]),
        duration_ms=round((time.monotonic() - began) * 1000, 1),
    )


def refusal(who: str, status: int) -> DeliveryError:
    """The error for an answer that does not accept what was sent."""
    permanent = status < 500 and status not in RETRY_STATUSES
    return DeliveryError(
        f"{who} answered {status} {_phrase(status)}".rstrip(),
        permanent=permanent,
        status=status,
        fault=Fault.MESSAGE if permanent else Fault.CHANNEL,
    )


def is_expected(status: int, configured: Any) -> bool:
    """Whether `configured`, such as "200,201,204" or a list, has this status; every 2xx is expected if it has none."""
    texts: Sequence[Any] = (
        configured if isinstance(configured, list) else str(configured or "").replace(",", " ").split()
    )
    numbers = {int(text) for text in map(str, texts) if text.isdecimal()}
    return status in numbers if numbers else 200 <= status < 300


def _timeout(configured: Any) -> float:
    number = float(configured) if isinstance(configured, int | float) and not isinstance(configured, bool) else _TIMEOUT
    return min(max(1.0, number), LONGEST_TIMEOUT)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
