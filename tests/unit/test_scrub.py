"""No text of a server shows the password it was sent."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scrub import HIDDEN, LONGEST_DETAIL, Scrubber, printable
from shared.targets import Login, Secret

USER, PASSWORD = "alice", "sesam+öffne/dich"


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(PASSWORD, id="as it is"),
        pytest.param(b64(PASSWORD), id="as LOGIN sends it"),
        pytest.param(b64(f"\0{USER}\0{PASSWORD}"), id="as PLAIN sends it"),
        pytest.param(b64(f"\0{USER}\0{PASSWORD}").rstrip("="), id="as PLAIN sends it, without its padding"),
        pytest.param(b64(f"{USER}\0{USER}\0{PASSWORD}"), id="as PLAIN with an authorization identity"),
        pytest.param(b64(f"user={USER}\1auth={PASSWORD}\1\1"), id="inside another mechanism's message"),
    ],
)
def test_the_password_is_hidden(told: str) -> None:
    cleaned = Scrubber(Login(USER, Secret(PASSWORD))).clean(f"535 <{told}> is wrong")
    assert told not in cleaned
    assert HIDDEN in cleaned
    assert cleaned.startswith("535 <")


def test_the_rest_stays() -> None:
    text = "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"
    assert Scrubber(Login(USER, Secret(PASSWORD))).clean(text) == text


def test_a_password_at_the_cut_does_not_show_its_beginning() -> None:
    text = "x" * (LONGEST_DETAIL - 5) + PASSWORD
    assert PASSWORD[:3] not in Scrubber(Login(USER, Secret(PASSWORD))).clean(text)


def test_without_a_login_only_the_length_changes() -> None:
    assert Scrubber(None).clean("y" * 1000) == "y" * LONGEST_DETAIL


def test_facts_are_cleaned_inside_lists_too() -> None:
    scrubber = Scrubber(Login(USER, Secret(PASSWORD)))
    assert scrubber.clean_fact(["a", PASSWORD]) == ["a", HIDDEN]
    assert scrubber.clean_fact(7) == 7
    assert scrubber.clean_fact(None) is None


def test_a_password_that_is_not_text_on_the_wire_is_hidden_as_it_would_be_shown() -> None:
    password = "tab\tnul\0x"
    scrubber = Scrubber(Login(USER, Secret(password)))
    assert scrubber.clean(printable(f"no {password}".encode())) == f"no {HIDDEN}"


@given(st.binary())
def test_printable_holds_no_control_character(raw: bytes) -> None:
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in printable(raw))


@given(st.text("abcXYZ0189+/=:äß€", min_size=3), st.binary(), st.binary())
def test_no_echo_shows_the_password(password: str, before: bytes, after: bytes) -> None:
    scrubber = Scrubber(Login(USER, Secret(password)))
    assert password not in scrubber.hide(printable(before + password.encode() + after))
    assert b64(password) not in scrubber.hide(printable(before + b64(password).encode() + after))
