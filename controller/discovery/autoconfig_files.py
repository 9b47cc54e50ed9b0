"""Fetches autoconfig files, as webhooks are sent: to the address that was checked, with a deadline and a limit."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from controller.notify.errors import DeliveryError
from controller.notify.webhook.sender import Request, WebhookSender

SECONDS = 3.5
_LARGEST = 128 * 1024
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "Mailprobe", "Accept": "text/xml, application/xml", "Accept-Encoding": "identity"}


class NoFileError(Exception):
    """There is no such file; the message says why, in words that may be shown."""


class AutoconfigFiles:
    """`port` is that of all URLs without one; tests have no permission for 443."""

    def __init__(self, sender: WebhookSender, *, port: int | None = None) -> None:
        self._sender = sender
        self._port = port

    async def get(self, url: str) -> bytes:
        """Redirects are followed to https only, each to an address that is checked. Raises NoFileError."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._get(url)
        except TimeoutError:
            raise NoFileError("no answer in time") from None
        except DeliveryError as error:
            raise NoFileError(str(error)) from None

    async def _get(self, url: str) -> bytes:
        for _ in range(_MOST_REDIRECTS + 1):
            request = Request(
                method="GET",
                url=self._with_port(url),
                headers=_HEADERS,
                body=b"",
                timeout=SECONDS,
                most_read=_LARGEST + 1,
            )
            answer = await self._sender.exchange(request)
            location = next((value for name, value in answer.headers if name.lower() == "location"), "")
            if answer.status not in _REDIRECTS or not location:
                break
            url = urljoin(url, location)
            if urlsplit(url).scheme != "https":
                raise NoFileError("it redirects to a URL that is not https")
        else:
            raise NoFileError("it redirects again and again")
        if answer.status != HTTPStatus.OK:
            raise NoFileError(f"answered {answer.status}")
        if len(answer.body) > _LARGEST:
            raise NoFileError(f"longer than {_LARGEST} bytes")
        return answer.body

    def _with_port(self, url: str) -> str:
        parts = urlsplit(url)
        if self._port is None or parts.port is not None:
            return url
        return parts._replace(netloc=f"{parts.netloc}:{self._port}").geturl()
