"""The dead man's switch: fetch a URL of a service elsewhere once a minute, as long as this installation works. That
service alarms people when nobody fetches the URL any more, so the end of everything here is noticed, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from ipaddress import ip_network

import structlog

from controller.notify.destinations import Destinations
from controller.notify.email.sender import EmailSender
from controller.notify.errors import DeliveryError
from controller.notify.ops import canaries as ops_messages
from controller.notify.webhook.sender import Request, WebhookSender
from controller.pipeline.ops import notices
from controller.pipeline.ops.notices import TroubleKind
from controller.store.locations import canaries
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.clock import utc_now
from shared.secret import Secret

log = structlog.get_logger()

ATTEMPT_SECONDS = 1.0
FETCH_EVERY_SECONDS = 60.0
AGAIN_SECONDS = 10.0
"""How soon it is examined again whether the URL may be fetched."""

CANARY_WITHIN_SECONDS = 90.0
RELAY_WITHIN_SECONDS = 300.0
_FETCH_SECONDS = 10.0
_RELAY_SECONDS = 20.0
_MOST_FAILURES = 3
_SUBJECT = "heartbeat-url"
_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
"""The URL is the operator's own setting, as the relay is. It may lead to a private address without
MAILPROBE_NOTIFY_ALLOW_NETWORKS, which would let the webhooks of customers go there as well.
"""


class DeadMansSwitch:
    """`problems` names what is wrong with database and broker; `leading` says whether this controller schedules, since
    only that one fetches. `addresses` are those of MAILPROBE_OPS_EMAIL; `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        db: Database,
        url: Secret,
        relay: EmailSender,
        problems: Callable[[], Iterable[str]],
        leading: Callable[[], bool],
        addresses: Sequence[str] = (),
        *,
        relay_within_seconds: float = RELAY_WITHIN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._url = url
        self._relay = relay
        self._problems = problems
        self._leading = leading
        self._addresses = addresses
        self._relay_within_seconds = relay_within_seconds
        self._clock = clock
        self._web = WebhookSender(Destinations(_EVERYWHERE))
        self._next_at = float("-inf")
        self._withheld: list[str] = []
        self._failures = 0
        self._failing_since: datetime | None = None
        self.fetched_at = utc_now().timestamp()
        """When the URL was last fetched with success, or this began if it never was, in seconds since the epoch."""

    async def fetch_when_due(self) -> None:
        """Fetch the URL if that is due and nothing speaks against it. Raises StoreUnavailableError."""
        now = self._clock()
        if not self._leading() or now < self._next_at:
            return
        self._next_at = now + AGAIN_SECONDS
        reasons = await self._reasons()
        if reasons != self._withheld:
            if reasons:
                log.warning("heartbeat_url_not_fetched", reasons=reasons)
            else:
                log.info("heartbeat_url_fetched_again")
            self._withheld = reasons
        if not reasons:
            self._next_at = now + FETCH_EVERY_SECONDS
            await self._fetch()

    async def _reasons(self) -> list[str]:
        """Why the URL must not be fetched now; empty when all works."""
        found = sorted(map(str, self._problems()))
        try:
            seconds = await canaries.seconds_since_back(self._db)
            if seconds is None or seconds > CANARY_WITHIN_SECONDS:
                found.append(f"no canary came back within {CANARY_WITHIN_SECONDS:.0f} s")
        except StoreUnavailableError as error:
            found.append(f"cannot read the canaries: {error}")
        try:
            async with asyncio.timeout(_RELAY_SECONDS):
                await self._relay.reach(self._relay_within_seconds)
        except DeliveryError as error:
            found.append(str(error))
        except TimeoutError:
            found.append("the mail relay did not answer in time")
        return found

    async def _fetch(self) -> None:
        problem = await self._problem()
        if problem is None:
            self.fetched_at = utc_now().timestamp()
            self._failures, self._failing_since = 0, None
        else:
            self._failures += 1
            self._failing_since = self._failing_since or utc_now()
            if self._failures == 1:
                log.warning("heartbeat_url_failed", problem=problem)
            if self._failures < _MOST_FAILURES:
                return
        await notices.report(
            self._db,
            self._addresses,
            TroubleKind.HEARTBEAT_URL_FAILING,
            {_SUBJECT: self._failing_since} if self._failing_since else {},
            lambda _: ops_messages.heartbeat_url_failing(problem or ""),
            ops_messages.heartbeat_url_answers,
            utc_now(),
        )

    async def _problem(self) -> str | None:
        """Why the fetch failed, in words without any part of the URL; None when it was answered."""
        headers = {"User-Agent": "Mailprobe", "Accept-Encoding": "identity"}
        request = Request(method="GET", url=self._url.reveal(), headers=headers, body=b"", timeout=_FETCH_SECONDS)
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                answer = await self._web.exchange(request)
        except TimeoutError:
            return "it did not answer in time"
        except DeliveryError:
            return "cannot connect to it, or it sent no valid answer"
        return None if answer.status < 400 else f"it answered {answer.status}"
