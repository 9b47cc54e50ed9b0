"""Nkeys are read and written as every other client of NATS reads and writes them."""

from __future__ import annotations

import nkeys as library
import pytest

from shared.nats.nkeys import NkeyError, Role, is_signed, new_seed, public_key, sign
from shared.secret import Secret

_SEED = new_seed(Role.USER).reveal()


@pytest.mark.parametrize(("role", "letter"), [(Role.OPERATOR, "O"), (Role.ACCOUNT, "A"), (Role.USER, "U")])
def test_keys_are_what_the_library_of_nats_makes_of_them(role: Role, letter: str) -> None:
    seed = new_seed(role)
    theirs = library.from_seed(bytearray(seed.reveal().encode()))
    assert seed.reveal().startswith(f"S{letter}")
    assert public_key(seed, role) == theirs.public_key.decode()
    assert sign(seed, b"nonce") == theirs.sign(b"nonce")
    assert is_signed(public_key(seed), b"nonce", theirs.sign(b"nonce"))
    assert not is_signed(public_key(seed), b"another", theirs.sign(b"nonce"))
    assert not is_signed(public_key(seed), b"nonce", b"short")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("SUAB", id="too short"),
        pytest.param("not base32 at all", id="no base32"),
        pytest.param(_SEED[:20] + ("A" if _SEED[20] != "A" else "B") + _SEED[21:], id="mistyped in one place"),
        pytest.param(public_key(new_seed(Role.USER)), id="the public half"),
        pytest.param(new_seed(Role.ACCOUNT).reveal(), id="another role"),
    ],
)
def test_what_is_no_seed_of_a_user_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(NkeyError) as refused:
        public_key(Secret(text), Role.USER)
    assert not text or text not in str(refused.value)
