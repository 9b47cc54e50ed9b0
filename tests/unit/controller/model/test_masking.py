"""No secret of a channel is shown, and what is no secret stays readable."""

from __future__ import annotations

import pytest

from controller.model.values.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://hooks.example.com/services/T0/B0/x", "https://hooks.example.com/…", id="a webhook"),
        pytest.param("https://hooks.example.com", "https://hooks.example.com/…", id="a URL without a path"),
        pytest.param(
            "to https://u:p@example.com:8443/a?k=s now", "to https://example.com:8443/… now", id="with a login"
        ),
        pytest.param("tgram://123456789:AAFabcdef/77", "tgram://…", id="a service whose keys stand first"),
        pytest.param("bot 123456789:AAFsecretsecretsecret99 refused", "bot 1234… refused", id="a token of a bot"),
        pytest.param("token xoxb-1234567890-abcdefghijklmnop", "token xoxb…", id="a token of an application"),
        pytest.param("0123456789abcdef0123456789abcdef", "0123…", id="a token in hex"),
        pytest.param("550 5.1.1 <ops@mail.example.com>: unknown user", None, id="a reply of a server"),
        pytest.param("mx-01.frankfurt.example.com said no", None, id="a host name"),
        pytest.param("[2001:db8:0:1:1:1:1:25]:587 timed out after 30.000 s", None, id="an address"),
        pytest.param("2026-11-22T03:12:09.123Z too late", None, id="a moment"),
        pytest.param("Bereitschaftsdienst-Wochenende", None, id="a long word"),
    ],
)
def test_what_may_be_a_secret_is_masked(text: str, expected: str | None) -> None:
    assert masked(text) == (text if expected is None else expected)
