"""Once all live agents of a location sign, nothing unsigned is accepted from it; ops hear of what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from controller.decisions.received_results import RejectionReason
from controller.decisions.signing import GRACE
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.signing.review import SignatureReview
from controller.store.checks.dead_letters import DeadLetter, store_dead_letters
from controller.store.locations.signatures import require_signatures
from shared.clock import utc_now
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.wire import subjects
from shared.wire.messages import Heartbeat
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.ops.working import following_registry
from tests.integration.pipeline.result_case import ResultCase, a_round
from tests.integration.pipeline.small_installation import SmallInstallation

OPS = "ops@example.net"


class SigningCase:
    """Two locations whose heartbeats a controller follows, and its review of signatures."""

    def __init__(self, small_installation: SmallInstallation, registry: LocationRegistry) -> None:
        self.installation = small_installation
        self.registry = registry
        self.reviewer = SignatureReview(small_installation.db, [OPS])

    async def heartbeat(self, agent: str, *, signer: LocationSigner | None = None) -> None:
        await self.installation.heartbeat("DE", agent, signer=signer)
        await self.installation.heartbeats_taken()

    async def signed_heartbeat(self, agent: str = "new") -> None:
        await self.heartbeat(agent, signer=self.installation.signers["de"])

    async def review(self, *, later: timedelta = timedelta()) -> None:
        """Review after this time, in which the agents that are known go on as they do."""
        await self.installation.value("UPDATE location SET signed_only_from = signed_only_from - $1::interval", later)
        await self.reviewer.review()
        self.registry._signatures._read_at = float("-inf")  # a second later

    async def refuses_unsigned(self) -> bool:
        query = "SELECT COALESCE(signed_only_from <= now(), false) FROM location WHERE code = 'de'"
        return bool(await self.installation.value(query))

    async def agents(self) -> set[str]:
        return {name for (name,) in await self.installation.rows("SELECT name FROM agent")}

    async def notices(self) -> list[dict[str, Any]]:
        rows = await self.installation.rows("SELECT notice FROM delivery ORDER BY id")
        return [notice for (notice,) in rows]


@pytest.fixture
async def signing(small_installation: SmallInstallation) -> AsyncIterator[SigningCase]:
    await prepare_partitions(small_installation.db)
    async with following_registry(small_installation) as registry:
        yield SigningCase(small_installation, registry)


async def test_unsigned_heartbeats_that_are_forged_do_not_undo_it(
    signing: SigningCase, result_case: ResultCase, ingest_case: IngestCase
) -> None:
    """Somebody with the whole broker drops the agents' heartbeats, sends unsigned ones and then an unsigned result."""
    await signing.signed_heartbeat()
    await signing.review()
    assert not await signing.refuses_unsigned()
    await signing.review(later=GRACE)
    assert await signing.refuses_unsigned()

    await signing.installation.value("UPDATE agent SET last_seen_at = now() - interval '1 day'")
    for agent in ("old", "new"):
        await signing.heartbeat(agent)
    await signing.review(later=timedelta(days=1))
    assert await signing.refuses_unsigned()
    assert await signing.agents() == {"new"}
    await signing.installation.report(await a_round(result_case), expected=False)
    await ingest_case.drain()
    assert await signing.installation.value("SELECT count(*) FROM result") == 0


async def test_during_an_upgrade_old_and_new_agents_work_side_by_side(
    signing: SigningCase, result_case: ResultCase, ingest_case: IngestCase
) -> None:
    await signing.heartbeat("old")
    await signing.signed_heartbeat()
    for _ in range(2):
        await signing.review(later=GRACE)
    assert not await signing.refuses_unsigned()
    await signing.installation.report(await a_round(result_case), expected=False)
    await ingest_case.drain()
    assert await signing.installation.value("SELECT count(*) FROM result") == 1
    await signing.installation.value("UPDATE agent SET last_seen_at = now() - interval '1 minute' WHERE name = 'old'")
    for _ in range(2):
        await signing.review(later=GRACE)
    assert await signing.refuses_unsigned()


async def test_an_old_agent_that_comes_back_soon_puts_it_off(signing: SigningCase) -> None:
    await signing.signed_heartbeat()
    await signing.review()
    await signing.heartbeat("old")
    await signing.review(later=GRACE / 2)
    await signing.review(later=GRACE)
    assert not await signing.refuses_unsigned()


async def test_a_location_without_live_agents_does_not_begin_to_sign(signing: SigningCase) -> None:
    for _ in range(2):
        await signing.review(later=GRACE)
    assert not await signing.refuses_unsigned()


async def test_an_admin_may_allow_unsigned_results_again(signing: SigningCase) -> None:
    await require_signatures(signing.installation.db, "de", required=True)
    await signing.heartbeat("old")
    assert await signing.agents() == set()
    assert await require_signatures(signing.installation.db, "de", required=False)
    await signing.signed_heartbeat()
    await signing.review()
    await signing.heartbeat("old")
    assert await signing.agents() == {"new", "old"}
    await signing.review()
    for _ in range(2):
        await signing.review(later=GRACE)
    assert not await signing.refuses_unsigned()


async def test_a_heartbeat_signed_with_a_foreign_key_is_refused(signing: SigningCase) -> None:
    await signing.heartbeat("liar", signer=LocationSigner(new_seed(Role.USER)))
    await signing.heartbeat("liar", signer=signing.installation.signers["us"])
    assert await signing.agents() == set()
    [refused] = await signing.installation.rows("SELECT agent, why FROM refused_heartbeat")
    assert refused == ("liar", "unknown_key")


async def test_a_new_key_is_known_at_once_and_its_use_is_recorded(signing: SigningCase) -> None:
    await signing.signed_heartbeat()
    new = await signing.installation.give_key("de")
    await signing.heartbeat("newer", signer=new)
    assert await signing.agents() == {"new", "newer"}
    used = await signing.installation.rows("SELECT nats_user FROM location_key WHERE last_used_at IS NOT NULL")
    assert {user for (user,) in used} == {new.user, signing.installation.signers["de"].user}


async def test_headers_that_are_none_do_not_stop_heartbeats(signing: SigningCase) -> None:
    """The client would read nothing more from NATS, neither heartbeats nor results, and stay connected."""
    now = utc_now()
    heartbeat = Heartbeat(
        agent="odd", location="de", country="DE", kinds=["smtp"], version="0", started_at=now, sent_at=now
    )
    subject, body = subjects.agent("DE", "de", "odd"), msgspec.json.encode(heartbeat)
    transport = signing.installation.bus.client._transport
    assert transport
    for block in (b"NATS/1.0 \xff\xfe\xfd\r\n\r\n", b"NATS/1.0", b"NATS/1.0 503 \xff\xfe\r\n\r\n", b"NATS/1.0\r\n\xff"):
        command = f"HPUB {subject} {len(block)} {len(block) + len(body)}\r\n".encode()
        transport.write(command + block + body + b"\r\n")
    await signing.signed_heartbeat("honest")
    assert await signing.agents() >= {"honest"}


async def test_ops_hear_once_which_signatures_are_refused_and_what_to_do(signing: SigningCase) -> None:
    await require_signatures(signing.installation.db, "de", required=True)
    forged = [
        DeadLetter(subjects.result("DE", "de"), RejectionReason.WRONG_SIGNATURE, "wrong", b"{}"),
        DeadLetter(subjects.result("US", "us"), RejectionReason.NOT_EXPECTED, "of another kind", b"{}"),
    ]
    await store_dead_letters(signing.installation.db, forged)
    await signing.heartbeat("old")
    for _ in range(3):
        await signing.review()
    [notice] = await signing.notices()
    assert notice["title"] == "Refused signatures: location de"
    text = "\n".join(notice["paragraphs"])
    assert "1 result in the last hour or two (wrong_signature), heartbeats of agent old (unsigned)" in text
    assert "trust allow-unsigned" in text
    assert "Unknown_key" not in text

    await signing.installation.value("UPDATE dead_letter_count SET last_at = now() - interval '2 hours'")
    await signing.installation.value("UPDATE refused_heartbeat SET refused_at = now() - interval '2 hours'")
    await signing.review()
    [_, over] = await signing.notices()
    assert over["title"] == "No more refused signatures: location de"
