"""`Idempotency-Key`: a POST of our own API that is sent again, because its answer was lost, gets the answer of the
first one and does nothing more. Keys are kept for 24 hours.
"""

from __future__ import annotations

import hmac
import re
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from controller.errors import AlreadyExistsError, InvalidError, StillRunningError
from controller.http.services import Services
from controller.model import Principal
from controller.store.accounts import answered_requests
from controller.store.accounts.answered_requests import Earlier
from controller.store.platform.pool import StoreUnavailableError
from controller.vault import Vault, VaultError

log = structlog.get_logger()

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"

_KEY = re.compile(r"[!-~]{1,255}")
_CLAIM = "idempotency_claim"
_PURPOSE = "idempotency"
_KEPT_HEADERS = frozenset({b"content-type", b"etag", b"location"})
_RUNNING_SECONDS = 60.0
"""A request without an answer after this time has lost its controller."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


async def earlier_answer(request: Request[Principal, Any, Any]) -> Response[bytes] | None:
    """The answer to the same request that was sent before with this key; None when there was none, and for requests
    without a key. Raises InvalidError; AlreadyExistsError for another request with this key.
    """
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidError(HEADER, "must be 1 to 255 printable ASCII characters without spaces")
    services: Services = request.app.state.services
    caller = request.user.name
    sent = f"{request.url.path}\n{request.url.query}\n".encode()
    # With a secret, because whoever reads the database could else try passwords until a body has this digest.
    digest = hmac.digest(services.vault.derived(_PURPOSE).encode(), sent + await request.body(), "sha256")
    earlier = await answered_requests.claim(services.database, caller, key, digest)
    if earlier is not None:
        return _replayed(services.vault, earlier, digest)
    request.scope["state"][_CLAIM] = (caller, key)
    return None


def remembering_answers(app: ASGIApp) -> ASGIApp:
    """A middleware: keeps the answer of each request that has claimed its key. One that is refused or fails did
    nothing, so its key is free again.
    """

    async def remembering_application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "POST":
            await app(scope, receive, send)
            return
        held: list[Any] = []

        async def send_remembered(message: Message) -> None:
            if _CLAIM not in scope["state"]:
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await _remember(scope, held)
                for each in held:
                    await send(each)

        await app(scope, receive, send_remembered)

    return remembering_application


async def _remember(scope: Scope, messages: list[Any]) -> None:
    services: Services = scope["litestar_app"].state.services
    caller, key = scope["state"][_CLAIM]
    start = messages[0]
    try:
        if start["status"] >= HTTPStatus.BAD_REQUEST:
            await answered_requests.release(services.database, caller, key)
            return
        answer = Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"] if name.lower() in _KEPT_HEADERS},
            b"".join(message["body"] for message in messages[1:]),
        )
        await answered_requests.answered(services.database, caller, key, services.vault.encrypt(answer))
    except StoreUnavailableError as error:
        # What was asked for is done, so the caller is told so; the key stays taken.
        log.warning("answer_not_kept", path=scope["path"], error=str(error))


def _replayed(vault: Vault, earlier: Earlier, digest: bytes) -> Response[bytes]:
    if earlier.request != digest:
        raise AlreadyExistsError(f"{HEADER} was sent before with another request: use another key")
    if earlier.answer is None:
        if earlier.age_seconds < _RUNNING_SECONDS:
            raise StillRunningError(f"The first request with this {HEADER} is still running; try again", 1)
        raise AlreadyExistsError(
            f"The first request with this {HEADER} did not end: read what it did, and use another key"
        )
    try:
        answer = msgspec.convert(vault.decrypt(earlier.answer), Answer)
    except VaultError:
        raise AlreadyExistsError(f"The answer to this {HEADER} can no longer be read: use another key") from None
    return Response(answer.body, status_code=answer.status, headers={**answer.headers, REPLAYED: "true"})
