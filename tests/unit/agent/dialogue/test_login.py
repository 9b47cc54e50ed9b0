"""In which order the ways to log in are tried, how many are tried, and what is remembered of them."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import msgspec
import pytest

from agent.dialogue.keys import key_of_account
from agent.dialogue.login import Proofs, Tries, Way, log_in
from agent.errors import CheckError
from shared.secret import Secret
from shared.wire.failures import FailureKind
from shared.wire.targets import Login
from shared.wire.targets.smtp import SmtpTarget

TARGET = SmtpTarget(host="mail.test", port=587, login=Login("alice", Secret("x")))
ACCOUNT = key_of_account(TARGET)
REFUSED = CheckError(FailureKind.LOGIN_REFUSED)
MISSING = CheckError(FailureKind.LOGIN_MECHANISM_MISSING)
BROKEN = CheckError(FailureKind.LOGIN_UNAVAILABLE)

Answer = Exception | None


class Server:
    """Answers each way to log in with the given answer, and records the ways that were tried."""

    def __init__(self, **answers: Answer) -> None:
        self._answers = answers
        self.tried: list[str] = []

    @property
    def ways(self) -> list[Way]:
        return [Way(name, name.startswith("proof"), partial(self._attempt, name)) for name in self._answers]

    async def _attempt(self, name: str) -> CheckError | None:
        self.tried.append(name)
        answer = self._answers[name]
        if answer is None or isinstance(answer, CheckError):
            return answer
        raise answer


@pytest.mark.parametrize(
    ("server", "tried", "kind"),
    [
        pytest.param(Server(proof=None, plain=None), ["proof"], None, id="the first that passes is enough"),
        pytest.param(Server(plain=REFUSED, other=None), ["plain"], "login_refused", id="a password is sent once"),
        pytest.param(
            Server(proof=REFUSED, plain=None),
            ["proof", "plain"],
            None,
            id="after a refused proof the password is tried",
        ),
        pytest.param(
            Server(proof=MISSING, plain=None),
            ["proof", "plain"],
            None,
            id="after a proof that is not available the password is tried",
        ),
        pytest.param(
            Server(proof=REFUSED, proof2=None, plain=None),
            ["proof", "plain"],
            None,
            id="after a refused proof no second proof is tried",
        ),
        pytest.param(
            Server(proof=REFUSED, plain=REFUSED, other=None),
            ["proof", "plain"],
            "login_refused",
            id="there are never more than two tries",
        ),
        pytest.param(
            Server(proof=REFUSED, plain=EOFError()),
            ["proof", "plain"],
            "login_refused",
            id="a connection closed after a refused proof is a refusal",
        ),
        pytest.param(
            Server(proof=REFUSED), ["proof"], "login_refused", id="a refused proof without another way is a refusal"
        ),
        pytest.param(
            Server(proof=BROKEN, plain=None),
            ["proof"],
            "login_unavailable",
            id="a server that cannot check logins is not tried again",
        ),
    ],
)
async def test_ways(server: Server, tried: list[str], kind: str | None) -> None:
    raised: str | None = None
    try:
        await log_in(server.ways, TARGET, Proofs(), Tries())
    except CheckError as error:
        raised = error.kind.value
    assert (server.tried, raised) == (tried, kind)


async def test_a_server_that_takes_the_password_but_not_its_proof_is_remembered() -> None:
    proofs = Proofs()
    server = Server(proof=REFUSED, plain=None)
    assert [await log_in(server.ways, TARGET, proofs, Tries()) for _ in range(2)] == ["plain", "plain"]
    assert server.tried == ["proof", "plain", "plain"]


async def test_a_wrong_password_is_refused_twice_by_one_check_and_once_by_the_next() -> None:
    proofs = Proofs()
    server = Server(proof=REFUSED, plain=REFUSED)
    for _ in range(3):
        with pytest.raises(CheckError):
            await log_in(server.ways, TARGET, proofs, Tries())
    assert server.tried == ["proof", "plain", "plain", "plain"]


async def test_the_proof_of_another_password_is_tried() -> None:
    proofs = Proofs()
    proofs.were_refused(ACCOUNT)
    corrected = msgspec.structs.replace(TARGET, login=Login("alice", Secret("y")))
    assert await log_in(Server(proof=None, plain=None).ways, corrected, proofs, Tries()) == "proof"


async def test_where_there_is_only_a_proof_it_is_tried_all_the_same() -> None:
    proofs = Proofs()
    proofs.were_refused(ACCOUNT)
    assert await log_in(Server(proof=None).ways, TARGET, proofs, Tries()) == "proof"


def test_proofs_are_tried_again_after_a_day() -> None:
    now = 0.0
    proofs = Proofs(clock=lambda: now)
    proofs.were_refused(ACCOUNT)
    assert proofs.are_useless(ACCOUNT)
    now = Proofs.DAY + 1
    assert not proofs.are_useless(ACCOUNT)


def test_only_so_many_accounts_are_remembered() -> None:
    proofs = Proofs(most=2)
    accounts = [b"a", b"b", b"c"]
    for account in accounts[:2]:
        proofs.were_refused(account)
    assert proofs.are_useless(accounts[0])
    proofs.were_refused(accounts[2])
    assert [proofs.are_useless(account) for account in accounts] == [True, False, True]


async def test_a_refused_proof_counts_more_than_a_way_that_the_server_lacks() -> None:
    """Dovecot lists USER over POP3 also where it takes nothing but APOP."""
    server, proofs = Server(proof=REFUSED, plain=MISSING), Proofs()
    for _ in range(2):
        with pytest.raises(CheckError) as raised:
            await log_in(server.ways, TARGET, proofs, Tries())
        assert raised.value.kind is FailureKind.LOGIN_REFUSED
    assert server.tried == ["proof", "plain", "proof", "plain"]


async def test_the_last_try_is_with_a_proof_where_the_server_takes_no_password() -> None:
    server, tries = Server(proof=REFUSED, plain=MISSING), Tries(1)
    with pytest.raises(CheckError) as raised:
        await log_in(server.ways, TARGET, Proofs(), tries)
    assert raised.value.kind is FailureKind.LOGIN_REFUSED
    assert (server.tried, tries.refused) == (["plain", "proof"], 1)


async def test_the_last_try_is_with_the_password() -> None:
    server = Server(proof=None, plain=None)
    assert await log_in(server.ways, TARGET, Proofs(), Tries(1)) == "plain"
    assert server.tried == ["plain"]


async def test_one_try_is_not_exceeded() -> None:
    server, tries = Server(proof=REFUSED, plain=REFUSED), Tries(1)
    with pytest.raises(CheckError):
        await log_in(server.ways, TARGET, Proofs(), tries)
    assert (server.tried, tries.refused) == (["plain"], 1)


@pytest.mark.parametrize(
    ("answers", "refused"),
    [
        pytest.param({"proof": REFUSED, "plain": REFUSED}, 2, id="both were refused"),
        pytest.param({"proof": REFUSED, "plain": None}, 1, id="only the proof was refused"),
        pytest.param({"proof": MISSING, "plain": REFUSED}, 1, id="an unknown mechanism is no refusal"),
        pytest.param({"proof": REFUSED, "plain": EOFError()}, 1, id="a connection that was closed is no refusal"),
        pytest.param({"plain": BROKEN}, 0, id="a server that cannot check logins refuses none"),
    ],
)
async def test_it_counts_what_the_server_refused(answers: dict[str, Answer], refused: int) -> None:
    tries = Tries()
    with suppress(CheckError):
        await log_in(Server(**answers).ways, TARGET, Proofs(), tries)
    assert tries.refused == refused
