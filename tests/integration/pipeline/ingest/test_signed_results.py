"""History is what agents signed: whoever has the whole broker, but not a location's key, cannot add to it.

The test's own connection to NATS has the controllers' rights, which are all there are in their account.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from controller.decisions.received_results import RejectionReason
from controller.store.locations import keys, signatures
from shared.nats.bus import Message
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.signing import SIGNATURE
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.result_case import ResultCase, a_round
from tests.integration.pipeline.small_installation import SmallInstallation, a_result

SUBJECT = subjects.result("DE", "de")
Headers = Callable[[SmallInstallation, bytes], dict[str, str]]


def _unsigned(_small_installation: SmallInstallation, _body: bytes) -> dict[str, str]:
    return {}


def _with_a_key_of_their_own(_small_installation: SmallInstallation, body: bytes) -> dict[str, str]:
    return LocationSigner(new_seed(Role.USER)).result(SUBJECT, body)


def _with_the_key_of_another_location(small_installation: SmallInstallation, body: bytes) -> dict[str, str]:
    return small_installation.signers["us"].result(SUBJECT, body)


def _for_another_location(small_installation: SmallInstallation, body: bytes) -> dict[str, str]:
    return small_installation.signers["de"].result(subjects.result("US", "us"), body)


def _of_another_result(small_installation: SmallInstallation, body: bytes) -> dict[str, str]:
    return small_installation.signers["de"].result(SUBJECT, body.replace(b"12.5", b"12.6"))


def _of_a_heartbeat(small_installation: SmallInstallation, body: bytes) -> dict[str, str]:
    return small_installation.signers["de"].heartbeat(SUBJECT, body)


def _under_the_name_of_the_key(small_installation: SmallInstallation, body: bytes) -> dict[str, str]:
    signature = LocationSigner(new_seed(Role.USER)).result(SUBJECT, body)[SIGNATURE].partition(":")[2]
    return {SIGNATURE: f"{small_installation.signers['de'].user}:{signature}"}


async def _send(small_installation: SmallInstallation, body: bytes, headers: dict[str, str]) -> None:
    await small_installation.bus.publish(Message(SUBJECT, body, str(uuid4()), headers=headers))


async def _reasons(small_installation: SmallInstallation) -> list[str]:
    return [why for (why,) in await small_installation.rows("SELECT why FROM dead_letter_count ORDER BY why")]


async def _stored(small_installation: SmallInstallation) -> int:
    return int(await small_installation.value("SELECT count(*) FROM result"))


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        pytest.param(_unsigned, RejectionReason.UNSIGNED, id="without a signature"),
        pytest.param(_with_a_key_of_their_own, RejectionReason.UNKNOWN_KEY, id="with a key of their own"),
        pytest.param(_with_the_key_of_another_location, RejectionReason.UNKNOWN_KEY, id="with another location's key"),
        pytest.param(_for_another_location, RejectionReason.WRONG_SIGNATURE, id="signed for another subject"),
        pytest.param(_of_another_result, RejectionReason.WRONG_SIGNATURE, id="with the signature of another result"),
        pytest.param(_of_a_heartbeat, RejectionReason.WRONG_SIGNATURE, id="signed as a heartbeat"),
        pytest.param(_under_the_name_of_the_key, RejectionReason.WRONG_SIGNATURE, id="under the name of the key"),
    ],
)
async def test_a_forged_result_of_a_check_that_was_due_is_refused(
    result_case: ResultCase, ingest_case: IngestCase, forge: Headers, reason: RejectionReason
) -> None:
    """In all but its signature it is what an honest agent would have sent, which is accepted afterwards."""
    small_installation = result_case.installation
    await signatures.require_signatures(small_installation.db, "de", required=True)
    result = await a_round(result_case)
    body = msgspec.json.encode(result)
    await _send(small_installation, body, forge(small_installation, body))
    await ingest_case.drain()
    assert (await _stored(small_installation), await small_installation.events()) == (0, [])
    assert await _reasons(small_installation) == [reason]

    await small_installation.report(result, expected=False, signer=small_installation.signers["de"])
    await ingest_case.drain()
    assert await _stored(small_installation) == 1
    [event] = await small_installation.events()
    assert event.event_id == result.check_id


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(_with_a_key_of_their_own, id="with a key of their own"),
        pytest.param(_under_the_name_of_the_key, id="under the name of the key"),
    ],
)
async def test_a_wrong_signature_is_refused_where_none_is_required_yet(
    result_case: ResultCase, ingest_case: IngestCase, forge: Headers
) -> None:
    small_installation = result_case.installation
    body = msgspec.json.encode(await a_round(result_case))
    await _send(small_installation, body, forge(small_installation, body))
    await ingest_case.drain()
    assert await _stored(small_installation) == 0


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        pytest.param(_unsigned, RejectionReason.UNSIGNED, id="without a signature"),
        pytest.param(_with_the_key_of_another_location, RejectionReason.UNKNOWN_KEY, id="with another location's key"),
    ],
)
async def test_a_location_signs_whatever_country_a_message_names(
    result_case: ResultCase, ingest_case: IngestCase, forge: Headers, reason: RejectionReason
) -> None:
    """A result is stored by the code of its location, and the id of its check does not depend on the country."""
    small_installation = result_case.installation
    await signatures.require_signatures(small_installation.db, "de", required=True)
    body = msgspec.json.encode(msgspec.structs.replace(await a_round(result_case), country="US"))
    headers = forge(small_installation, body)
    await small_installation.bus.publish(Message(subjects.result("US", "de"), body, str(uuid4()), headers=headers))
    await ingest_case.drain()
    assert (await _stored(small_installation), await small_installation.events()) == (0, [])
    assert await _reasons(small_installation) == [reason]


async def test_a_location_that_does_not_sign_yet_may_send_unsigned_results(
    result_case: ResultCase, ingest_case: IngestCase
) -> None:
    small_installation = result_case.installation
    await signatures.require_signatures(small_installation.db, "us", required=True)
    await small_installation.report(await a_round(result_case), expected=False)
    await ingest_case.drain()
    assert await _stored(small_installation) == 1


async def test_results_signed_by_old_and_new_keys_are_accepted_until_the_old_one_ends(
    result_case: ResultCase, ingest_case: IngestCase
) -> None:
    small_installation = result_case.installation
    old = small_installation.signers["de"]
    results = [await _planned(result_case, minutes) for minutes in range(1, 6)]
    await small_installation.report(results[0], expected=False, signer=old)
    await ingest_case.drain()  # the ingestor has read the keys by now
    new = LocationSigner(new_seed(Role.USER))
    async with keys.rotating(small_installation.db, "de") as rotation:
        assert rotation
        await rotation.store(sealing_key="new", nats_user=new.user, keep=timedelta(days=1))
    await small_installation.report(results[1], expected=False, signer=new)
    await small_installation.report(results[2], expected=False, signer=old)
    await ingest_case.drain()
    assert await _stored(small_installation) == 3
    assert await _reasons(small_installation) == []

    newest = LocationSigner(new_seed(Role.USER))
    async with keys.rotating(small_installation.db, "de") as rotation:
        assert rotation
        await rotation.store(sealing_key="newest", nats_user=newest.user, keep=timedelta())
    ingest_case.ingestor._signatures._read_at = float("-inf")  # a second later
    for result, signer in ((results[3], old), (results[3], new), (results[4], newest)):
        body = msgspec.json.encode(result)
        await _send(small_installation, body, signer.result(SUBJECT, body))
    await ingest_case.drain()
    assert await _stored(small_installation) == 4
    assert await small_installation.rows("SELECT why, messages FROM dead_letter_count") == [("ended_key", 2)]


async def _planned(result_case: ResultCase, minutes: int) -> CheckResult:
    result = a_result(result_case.monitor, due_at=result_case.round(timedelta(minutes=minutes)))
    await result_case.expected(result)
    return result


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(":", id="a colon"),
        pytest.param("{user}", id="the key alone"),
        pytest.param("{user}:", id="no signature"),
        pytest.param("{user}:not base64!", id="no base64"),
        pytest.param("{user}:" + "A" * 87, id="base64 of a wrong length"),
        pytest.param("{user}:" + "A" * 86 + "==", id="zeros"),
        pytest.param("{user}:ä€😀", id="no ASCII"),
        pytest.param("ü" * 56 + ":" + "A" * 86 + "==", id="a key without ASCII"),
        pytest.param("{user}:" + "A" * 60_000, id="huge"),
        pytest.param("U" * 60_000, id="a huge key"),
        pytest.param(":" * 10_000, id="many colons"),
    ],
)
async def test_what_stands_in_the_header_never_stops_the_ingestor(
    result_case: ResultCase, ingest_case: IngestCase, text: str
) -> None:
    small_installation = result_case.installation
    body = msgspec.json.encode(await a_round(result_case))
    header = text.replace("{user}", small_installation.signers["de"].user)
    await _send(small_installation, body, {SIGNATURE: header})
    await _and_honest_ones_are_stored(result_case, ingest_case)


async def test_headers_that_are_none_never_stop_the_ingestor(result_case: ResultCase, ingest_case: IngestCase) -> None:
    """Whoever may publish results writes the bytes of the headers, too."""
    small_installation = result_case.installation
    client = small_installation.bus.client
    assert client._transport
    blocks = [
        b"NATS/1.0 \xff\xfe\xfd\r\n\r\n",
        b"NATS/1.0\r\n\r\n",
        b"NATS/1.0\r\nMailprobe-Signature\r\n\r\n",
        b"NATS/1.0\r\nMailprobe-Signature: \xff\xfe:\x80\r\n\r\n",
        b"NATS/1.0\r\n:\r\n\r\n",
        b"NATS/1.0 503\r\n\r\n",
        *[b"NATS/1.0" + os.urandom(length) + b"\r\n\r\n" for length in range(1, 50)],
        *[b"NATS/1.0\r\nMailprobe-Signature: " + os.urandom(150).replace(b"\n", b"") + b"\r\n\r\n" for _ in range(50)],
    ]
    for block in blocks:
        command = f"HPUB {SUBJECT} {len(block)} {len(block) + 2}\r\n".encode()
        client._transport.write(command + block + b"{}\r\n")
    await client.flush()
    await _and_honest_ones_are_stored(result_case, ingest_case)


async def _and_honest_ones_are_stored(result_case: ResultCase, ingest_case: IngestCase) -> None:
    honest = await _planned(result_case, 2)
    await result_case.installation.report(honest, expected=False, signer=result_case.installation.signers["de"])
    await ingest_case.drain()
    rows = await result_case.installation.rows("SELECT due_at FROM result")
    assert rows == [(honest.due_at,)]
