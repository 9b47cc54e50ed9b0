"""What a client sends in each mechanism, against the examples of the documents that define them."""

from __future__ import annotations

import pytest

from agent.dialogue.sasl import CRAM_MD5, LOGIN, PLAIN, XOAUTH2, Exchange, Mechanism, usable
from shared.secret import Secret
from shared.wire.targets import Login

TIM = Login("tim", Secret("tanstaaftanstaaf"))
TOKEN = Login("user@example.com", Secret("ya29.token"), bearer=True)


def test_plain_says_user_and_password_at_once() -> None:
    exchange = Exchange(PLAIN, TIM)
    assert exchange.initial() == "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"  # RFC 4616 section 4, without an authorization identity
    assert exchange.answer("c29tZXRoaW5n") is None


def test_plain_says_it_again_to_a_server_that_took_no_initial_response() -> None:
    exchange = Exchange(PLAIN, TIM)
    first = exchange.initial()
    assert exchange.answer("") == first
    assert exchange.answer("") is None


def test_login_sends_user_then_password_whatever_the_prompts_say() -> None:
    exchange = Exchange(LOGIN, TIM)
    assert exchange.initial() is None
    assert [exchange.answer(prompt) for prompt in ("VXNlcm5hbWU6", "what?", "more?")] == [
        "dGlt",
        "dGFuc3RhYWZ0YW5zdGFhZg==",
        None,
    ]


def test_cram_md5_proves_the_password_on_the_challenge() -> None:
    exchange = Exchange(CRAM_MD5, TIM)
    assert exchange.initial() is None
    challenge = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
    assert exchange.answer(challenge) == "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"  # RFC 2195 section 2
    assert exchange.answer(challenge) is None


def test_cram_md5_refuses_a_challenge_it_cannot_read() -> None:
    with pytest.raises(ValueError, match="base64"):
        Exchange(CRAM_MD5, TIM).answer("<no base64>")


def test_xoauth2_says_the_token_and_fetches_the_refusal() -> None:
    exchange = Exchange(XOAUTH2, TOKEN)
    assert exchange.initial() == "dXNlcj11c2VyQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHlhMjkudG9rZW4BAQ=="
    assert exchange.answer("eyJzdGF0dXMiOiI0MDAifQ==") == ""
    assert exchange.answer("") is None


@pytest.mark.parametrize(
    ("offered", "login", "expected"),
    [
        pytest.param(
            ["LOGIN", "PLAIN", "CRAM-MD5"], TIM, [CRAM_MD5, PLAIN, LOGIN], id="the strongest mechanism comes first"
        ),
        pytest.param(["GSSAPI", "XOAUTH2"], TIM, [], id="a password is no token"),
        pytest.param(["PLAIN", "XOAUTH2"], TOKEN, [XOAUTH2], id="a token is no password"),
        pytest.param(["PLAIN", "LOGIN"], Login("a\0b", Secret("x")), [LOGIN], id="NUL parts the message of PLAIN"),
        pytest.param(["XOAUTH2"], Login("a\1b", Secret("x"), True), [], id="SOH parts the message of XOAUTH2"),
        pytest.param([], TIM, [], id="where nothing is offered nothing is usable"),
    ],
)
def test_usable_mechanisms(offered: list[str], login: Login, expected: list[Mechanism]) -> None:
    assert usable(offered, login) == expected
