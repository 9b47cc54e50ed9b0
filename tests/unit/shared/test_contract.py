"""What controllers and agents must agree on, also with older and newer versions of each other."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from agent.probes import PROBES
from shared.secret import Secret
from shared.wire import enrolment, subjects
from shared.wire.batches import RequestBatch, ResultBatch, of_requests, of_results, requests_in, results_in
from shared.wire.enrolment import Enrolment, EnrolmentError
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckRequest, CheckResult, ClockReading, Event, Heartbeat, ResultStatus
from shared.wire.sealing import SealError, new_key_pair, open_login, seal_login
from shared.wire.targets import KINDS, TARGETS, Login, TlsMode
from shared.wire.targets.smtp import SmtpTarget

MONITOR = UUID("33333333-3333-4333-8333-333333333333")
GOLDEN = Path(__file__).parent / "golden"
MESSAGES: dict[str, type[msgspec.Struct]] = {
    kind.__name__: kind
    for kind in (CheckRequest, CheckResult, Heartbeat, ClockReading, Event, RequestBatch, ResultBatch)
}


def test_every_kind_of_target_has_a_probe() -> None:
    assert set(PROBES) == set(TARGETS)
    assert KINDS == ("smtp", "imap", "pop3")


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_bytes_of_every_version_still_decode_and_mean_the_same(name: str) -> None:
    """`<Message>.json` is of the first version; a file with a word before its suffix has fields that came later."""
    body = (GOLDEN / name).read_bytes()
    decoded = msgspec.json.decode(body, type=MESSAGES[name.partition(".")[0]])
    assert_holds(json.loads(msgspec.json.encode(decoded)), json.loads(body))


def assert_holds(decoded: Any, expected: Any) -> None:
    """Assert that `decoded` has all of `expected`, at any depth; it may have newer fields besides."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert_holds(decoded[name], value)
    else:
        assert decoded == expected


def test_every_field_of_every_message_is_in_a_golden_file() -> None:
    for name, kind in MESSAGES.items():
        bodies = [json.loads(path.read_bytes()) for path in GOLDEN.glob(f"{name}.*json")]
        assert set(kind.__struct_encode_fields__) == {field for body in bodies for field in body}


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=MESSAGES)
def test_a_field_of_a_newer_version_is_ignored(kind: type[msgspec.Struct]) -> None:
    newer = json.loads((GOLDEN / f"{kind.__name__}.json").read_text()) | {"fromTheFuture": [1]}
    msgspec.json.decode(json.dumps(newer).encode(), type=kind)


def test_a_word_of_a_newer_version_reads_as_unknown() -> None:
    newer = b'{"kind": "gravity_reversed", "source": "moon", "phase": "levitate"}'
    assert msgspec.json.decode(newer, type=Failure) == Failure(
        kind=FailureKind.UNKNOWN, source=FailureSource.UNKNOWN, phase=Phase.UNKNOWN
    )


@pytest.mark.parametrize(
    ("source", "status"),
    [
        (None, ResultStatus.SUCCESS),
        (FailureSource.TARGET, ResultStatus.FAILURE),
        (FailureSource.RESOLVER, ResultStatus.UNKNOWN),
        (FailureSource.AGENT, ResultStatus.UNKNOWN),
        (FailureSource.UNKNOWN, ResultStatus.UNKNOWN),
    ],
    ids=[
        "no failure: success",
        "the target's fault: failure",
        "the resolver's: unknown",
        "ours: unknown",
        "a newer word: unknown",
    ],
)
def test_only_the_targets_fault_counts_against_it(source: FailureSource | None, status: ResultStatus) -> None:
    result = msgspec.json.decode((GOLDEN / "CheckResult.json").read_bytes(), type=CheckResult)
    failure = None if source is None else Failure(kind=FailureKind.UNKNOWN, source=source)
    assert msgspec.structs.replace(result, failure=failure).status is status


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", ">", "é", "a\n"])
def test_a_name_that_would_not_be_one_token_makes_no_subject(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        subjects.result("DE", name)


def test_the_parts_of_a_batch_are_as_they_were_alone() -> None:
    requests = [(GOLDEN / name).read_bytes() for name in ("CheckRequest.json", "CheckRequest.imap.json")]
    results = [(GOLDEN / name).read_bytes() for name in ("CheckResult.json", "CheckResult.full.json")]
    assert [*map(json.loads, requests_in(of_requests(requests)))] == [*map(json.loads, requests)]
    assert [*map(json.loads, results_in(of_results(results)))] == [*map(json.loads, results)]
    assert requests_in(of_requests(requests[:1])) == requests[:1], "a request alone is as in the first version"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff{",
        b"{",
        b'{"requests": null}',
        b'{"requests": {}}',
        b'{"requests": []}',
        b'{"results": null}',
        b'{"results": []}',
        b'{"results": {}}',
        b'{"requests": [{]}',
        b'{"requests": [' + b"0," * 1_000 + b"0]}",
        b'{"results": [' + b"0," * 1_000 + b"0]}",
        b'{"requests": ' + b"[" * 100_000,
        b'{"results": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_batch_is_refused_with_an_error_that_readers_expect(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        results_in(body)
    if b"results" not in body:
        with pytest.raises((ValueError, RecursionError)):
            requests_in(body)


def test_an_agent_that_reads_no_batches_takes_none_for_a_request() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode((GOLDEN / "RequestBatch.json").read_bytes(), type=CheckRequest)


def test_subjects_are_lower_case_and_as_documented() -> None:
    assert subjects.check("DE", "de-nbg", "smtp") == "mailprobe.check.de.de-nbg.smtp"
    assert subjects.result("DE", "de-nbg") == "mailprobe.result.de.de-nbg"
    assert subjects.batch_of("mailprobe.result.de.de-nbg") == "mailprobe.result.de.de-nbg.batch"
    assert subjects.of_each_result("mailprobe.result.de.de-nbg.batch") == "mailprobe.result.de.de-nbg"
    assert subjects.is_result_batch("mailprobe.result.de.de-nbg.batch")
    assert not subjects.is_result_batch(subjects.result("DE", "batch")), "a location may have this name"
    assert subjects.of_each_result(subjects.result("DE", "batch")) == "mailprobe.result.de.batch"
    assert subjects.agent("DE", "de-nbg", "Host-1") == "mailprobe.agent.de.de-nbg.host-1"
    assert (
        subjects.event(MONITOR, MONITOR, MONITOR, "result") == f"mailprobe.event.{MONITOR}.{MONITOR}.{MONITOR}.result"
    )


class TestSealing:
    login = Login("alice", Secret('won\u00e4erland "\\'))

    @pytest.mark.parametrize("bearer", [False, True], ids=["a password", "an access token"])
    def test_the_location_opens_what_was_sealed_to_it(self, bearer: bool) -> None:
        private, public = new_key_pair()
        login = msgspec.structs.replace(self.login, bearer=bearer)
        sealed = seal_login(login, public, monitor=MONITOR, location="de")
        assert b"won" not in sealed
        assert open_login(sealed, private, monitor=MONITOR, location="de") == login

    @pytest.mark.parametrize("spoil", ["key", "monitor", "location", "bytes"])
    def test_nothing_else_opens_it(self, spoil: str) -> None:
        private, public = new_key_pair()
        sealed = seal_login(self.login, public, monitor=MONITOR, location="de")
        with pytest.raises(SealError):
            open_login(
                sealed[:-1] + bytes([sealed[-1] ^ 1]) if spoil == "bytes" else sealed,
                new_key_pair()[0] if spoil == "key" else private,
                monitor=UUID(int=1) if spoil == "monitor" else MONITOR,
                location="us" if spoil == "location" else "de",
            )


def test_a_login_cannot_travel_unsealed_or_be_printed() -> None:
    target = SmtpTarget(host="a", port=25, tls=TlsMode.NONE, login=Login("u", Secret("wonderland")))
    assert "wonderland" not in repr(target)
    with pytest.raises(TypeError):
        msgspec.json.encode(target)


class TestEnrolment:
    it = Enrolment(
        location="de",
        country="DE",
        nats_url="nats://127.0.0.1:4222",
        sealing_key=Secret("a2V5"),
        nats_credentials=Secret("c2VlZA"),
        verify_keys=["a2V5"],
    )

    def test_what_is_written_is_read_and_only_by_its_owner(self, tmp_path: Path) -> None:
        path = tmp_path / "de.agent"
        path.write_text("old")
        enrolment.write(path, self.it)
        assert enrolment.read(path) == self.it
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [entry.name for entry in tmp_path.iterdir()] == ["de.agent"]

    @pytest.mark.parametrize("text", [None, b"", b"{}", b'{"sealingKey": 1}', b"\x00", b'{"location": "\xff"}'])
    def test_anything_else_is_refused_by_the_name_of_the_file(self, tmp_path: Path, text: bytes | None) -> None:
        path = tmp_path / "de.agent"
        if text is not None:
            path.write_bytes(text)
        with pytest.raises(EnrolmentError, match=r"de\.agent"):
            enrolment.read(path)
