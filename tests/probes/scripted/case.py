"""A row of the table: a server that plays a script, a target, and the expected result of the check.

smtp = partial(case, SmtpTarget)
CASES = {"closing at once is closed": smtp((), fails("closed@greeting")), ...}
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import md5
from typing import Any, NamedTuple

from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import Target
from tests.fakes.certificates import ADDRESS
from tests.fakes.context import LOCATION
from tests.fakes.name_server import Zone
from tests.fakes.scripted_server import Script

PATIENT_SECONDS = 5.0
"""The deadline of checks that end before their deadline."""

USER, PASSWORD = "alice@example.test", "wönder land+/7Q"
LOGIN = (USER, PASSWORD)
CHALLENGE = b"<1896.697170952@mail.test>"
"""The challenge of scripts with CRAM-MD5 or APOP."""

PLAIN = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
USER_64, PASSWORD_64 = b64encode(USER.encode()).decode(), b64encode(PASSWORD.encode()).decode()
CHALLENGE_64 = b64encode(CHALLENGE).decode()
CRAM_DIGEST = hmac.new(PASSWORD.encode(), CHALLENGE, "md5").hexdigest()
CRAM_MD5 = b64encode(f"{USER} {CRAM_DIGEST}".encode()).decode()
APOP_DIGEST = md5(CHALLENGE + PASSWORD.encode(), usedforsecurity=False).hexdigest()
XOAUTH2 = b64encode(f"user={USER}\1auth=Bearer {PASSWORD}\1\1".encode()).decode()


def secrets(user: str, password: str) -> list[str]:
    """Texts that no result, log or transcript may contain: the password, bare or in the messages of each mechanism.

    The proofs that CRAM-MD5 and APOP make of CHALLENGE belong to them, because passwords can be guessed from a proof.
    """
    raw = password.encode()
    proof = hmac.new(raw, CHALLENGE, "md5").hexdigest()
    messages = (
        raw,
        f"\0{user}\0{password}".encode(),
        f"user={user}\1auth=Bearer {password}\1\1".encode(),
        f"{user} {proof}".encode(),
    )
    apop = md5(CHALLENGE + raw, usedforsecurity=False).hexdigest()
    return [password, proof, apop, *(b64encode(message).decode() for message in messages)]


class Expected(NamedTuple):
    status: ResultStatus
    kind: FailureKind | None = None
    phase: Phase | None = None
    source: FailureSource | None = None
    warnings: frozenset[WarningKind] = frozenset()


class Case(NamedTuple):
    """Without a `script` nothing listens. With a `zone` the row has its own name server, which knows nothing else.

    Connections to the addresses in `silent` hang. The login is sealed for the location `sealed_for`. The agent resolves
    `control_name` to find out whether its resolver is at fault. Where a server keeps silent, `timeout` is what a busy
    machine may need to get that far.
    """

    script: Script | None
    expected: Expected
    target: Target
    login: tuple[str, str] | None
    bearer: bool
    timeout: float
    zone: Zone | None
    silent: tuple[str, ...]
    sealed_for: str
    control_name: str


def case(
    kind: type[Target],
    script: Script | None,
    expected: Expected,
    *,
    login: tuple[str, str] | None = LOGIN,
    bearer: bool = False,
    timeout: float = PATIENT_SECONDS,
    zone: Zone | None = None,
    silent: tuple[str, ...] = (),
    sealed_for: str = LOCATION,
    control_name: str = "localhost",
    host: str = ADDRESS,
    **target: Any,
) -> Case:
    """A row; further keywords go to its target. Rows have a login unless they are about checks without one."""
    configured = kind(host=host, port=0, **target)
    return Case(script, expected, configured, login, bearer, timeout, zone, silent, sealed_for, control_name)


def passes(*warnings: str) -> Expected:
    return Expected(ResultStatus.SUCCESS, warnings=frozenset(WarningKind(warning) for warning in warnings))


def fails(kind_at_phase: str, source: str = "target") -> Expected:
    """A failure from text: `kind@phase`, or `kind` if no phase had begun."""
    kind, _, phase = kind_at_phase.partition("@")
    status = ResultStatus.FAILURE if source == "target" else ResultStatus.UNKNOWN
    return Expected(status, FailureKind(kind), Phase(phase) if phase else None, FailureSource(source))


def outcome_of(result: CheckResult) -> Expected:
    """The part of a result that rows expect."""
    failure = result.failure
    return Expected(
        result.status,
        failure.kind if failure else None,
        failure.phase if failure else None,
        failure.source if failure else None,
        frozenset(warning.kind for warning in result.warnings),
    )
