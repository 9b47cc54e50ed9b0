"""Sends an export while it is read: memory holds one step at a time, and no database connection is held while sending.

Whatever ends it early (the database cannot be reached, a token is revoked, a client does not read, the controller
stops) leaves the chunked body without its last chunk, which HTTP clients report as an error (RFC 9112, section 8).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Message, Receive, Send

from controller.api.v1.results.formats import Format
from controller.operations.results.exports import Exports
from controller.store.accounts.access import principals_of
from controller.store.checks.result_history import HistoryRecord
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.streaming.access_review import same_access
from controller.streaming.subscription import Holder

log = structlog.get_logger()

_PART = 100
"""Rows that are written without a pause, which takes a few milliseconds, because others share the event loop."""


class AccessEndedError(Exception):
    """The caller of an export may not read this data any more."""


class Export(Response[None]):
    """A file of results, as `export` begins it."""

    def __init__(
        self,
        form: Format,
        name: str,
        first: bytes,
        rest: AsyncGenerator[bytes, None],
        read_seconds: float,
        headers: Mapping[str, str],
    ) -> None:
        disposition = {"Content-Disposition": f'attachment; filename="{name}.{form.suffix}"'}
        super().__init__(None, media_type=form.media_type, headers={**headers, **disposition})
        self._first = first
        self._rest = rest
        self._read_seconds = read_seconds

    def to_asgi_response(
        self,
        app: Any,  # noqa: ARG002 - part of Litestar's contract, as the rest
        request: Request[Any, Any, Any],  # noqa: ARG002
        *,
        headers: dict[str, str] | None = None,
        encoded_headers: Iterable[tuple[bytes, bytes]] | None = None,
        **_: Any,
    ) -> ASGIResponse:
        return _Sending(
            iterator=self._rest,
            first=self._first,
            read_seconds=self._read_seconds,
            headers={**(headers or {}), **self.headers},
            encoded_headers=encoded_headers,
            media_type=self.media_type,
        )


class _Sending(ASGIStreamingResponse):
    def __init__(
        self, *, iterator: AsyncGenerator[bytes, None], first: bytes, read_seconds: float, **options: Any
    ) -> None:
        super().__init__(iterator=iterator, **options)
        self._first = first
        self._rest = iterator
        self._read_seconds = read_seconds

    async def send_body(self, send: Send, receive: Receive) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._read_seconds):
                await send(message)

        try:
            async with aclosing(self._rest):
                await in_time({"type": "http.response.body", "body": self._first, "more_body": True})
                await super().send_body(in_time, receive)
        except* (StoreUnavailableError, TimeoutError, AccessEndedError) as group:
            # The status is sent already, so the error can only cut the connection.
            log.warning("export_cut_off", reasons=sorted({type(error).__name__ for error in group.exceptions}))


async def export(
    exports: Exports,
    database: Database,
    holder: Holder,
    form: Format,
    records: AsyncGenerator[list[HistoryRecord], None],
    name: str,
    *,
    headers: Mapping[str, str],
) -> Export:
    """The answer, as soon as the first step is read: a wrong question is refused with a status, and results that are
    hard to find do not keep the client waiting. Raises LimitedError, and whatever reading `records` raises.
    """
    rest = _parts(exports, database, holder, form, records)
    return Export(form, name, await anext(rest), rest, exports.read_seconds, headers)


def file_name(since: datetime, until: datetime) -> str:
    """The moment in the basic form of ISO 8601, because file names may not hold a colon everywhere."""
    return f"mailprobe-results-{since:%Y%m%dT%H%M%SZ}-{until:%Y%m%dT%H%M%SZ}"


async def _parts(
    exports: Exports,
    database: Database,
    holder: Holder,
    form: Format,
    records: AsyncGenerator[list[HistoryRecord], None],
) -> AsyncGenerator[bytes, None]:
    begun, reviewed_at = False, monotonic()
    with exports.one_of(holder.principal):
        async with aclosing(records):
            async for rows in records:
                if monotonic() - reviewed_at >= exports.review_seconds:
                    await _require_access(database, holder)
                    reviewed_at = monotonic()
                if not begun:
                    begun = True
                    yield form.head
                for start in range(0, len(rows), _PART):
                    yield form.lines(rows[start : start + _PART])
                    await asyncio.sleep(0)
        if not begun:
            yield form.head


async def _require_access(database: Database, holder: Holder) -> None:
    """Raises AccessEndedError, StoreUnavailableError."""
    now = (await principals_of(database, {holder.credential})).get(holder.credential)
    if now is None or not same_access(holder.principal, now):
        raise AccessEndedError
