"""What a row of the zoo is: a server that plays a script, a target, and what the check must say about it.

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
from tests.fakes.name_server import Zone
from tests.fakes.scripted_server import Script
from tests.fakes.station import LOCATION

PATIENT_SECONDS = 5.0
"""The deadline of checks that end before it."""

USER, PASSWORD = "alice@example.test", "wönder land+/7Q"
LOGIN = (USER, PASSWORD)
CHALLENGE = b"<1896.697170952@mail.test>"
"""What scripts with CRAM-MD5 or APOP give to prove the password on."""

PLAIN = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
USER_64, PASSWORD_64 = b64encode(USER.encode()).decode(), b64encode(PASSWORD.encode()).decode()
CHALLENGE_64 = b64encode(CHALLENGE).decode()
CRAM_DIGEST = hmac.new(PASSWORD.encode(), CHALLENGE, "md5").hexdigest()
CRAM_MD5 = b64encode(f"{USER} {CRAM_DIGEST}".encode()).decode()
APOP_DIGEST = md5(CHALLENGE + PASSWORD.encode(), usedforsecurity=False).hexdigest()
XOAUTH2 = b64encode(f"user={USER}\1auth=Bearer {PASSWORD}\1\1".encode()).decode()


def secrets(user: str, password: str) -> list[str]:
    """What may stand in no result, log or transcript: the password, bare or in the messages of each mechanism.

    The proofs of CRAM-MD5 and APOP on CHALLENGE are no password, but passwords are guessed from such.
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
    """`script` None: nobody listens. With a `zone` a name server of the row's own answers, and knows nothing else.

    Connections to the addresses in `silent` hang. The login is sealed for the location `sealed_for`.
    The agent tells its resolver's fault by `control_name`. Where a server keeps silent, `timeout` is what a busy
    machine may need to get there.
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
    """A row; what else is named goes into its target. Rows have a login unless they are about having none."""
    asked = kind(host=host, port=0, **target)
    return Case(script, expected, asked, login, bearer, timeout, zone, silent, sealed_for, control_name)


def passes(*warnings: str) -> Expected:
    return Expected(ResultStatus.SUCCESS, warnings=frozenset(WarningKind(warning) for warning in warnings))


def fails(kind_at_phase: str, source: str = "target") -> Expected:
    """`kind@phase`; without a phase none had begun."""
    kind, _, phase = kind_at_phase.partition("@")
    status = ResultStatus.FAILURE if source == "target" else ResultStatus.UNKNOWN
    return Expected(status, FailureKind(kind), Phase(phase) if phase else None, FailureSource(source))


def judged(result: CheckResult) -> Expected:
    """What a result says, as a row expects it."""
    failure = result.failure
    return Expected(
        result.status,
        failure.kind if failure else None,
        failure.phase if failure else None,
        failure.source if failure else None,
        frozenset(warning.kind for warning in result.warnings),
    )
