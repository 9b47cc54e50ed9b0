from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import InvalidError
from controller.model.values.hostname import host_of


@pytest.mark.parametrize(
    ("given_name", "host"),
    [
        pytest.param("mail.example.com", "mail.example.com", id="a name stays"),
        pytest.param("MAIL.Example.COM", "mail.example.com", id="letters become small"),
        pytest.param("mail.example.com.", "mail.example.com", id="the root's dot goes"),
        pytest.param("localhost", "localhost", id="one label is a name"),
        pytest.param("r3---sn.example", "r3---sn.example", id="hyphens in the middle are allowed"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="a U-label becomes an A-label"),
        pytest.param("faß.example", "xn--fa-hia.example", id="IDNA 2008, not 2003"),
        pytest.param("例え。テスト", "xn--r8jz45g.xn--zckzah", id="an ideographic full stop is a dot"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="an A-label stays"),
        pytest.param("192.0.2.1", "192.0.2.1", id="an IPv4 literal"),
        pytest.param("2001:DB8:0::1", "2001:db8::1", id="an IPv6 literal in its canonical form"),
    ],
)
def test_host_is_what_is_looked_up(given_name: str, host: str) -> None:
    assert host_of(given_name) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "-a.example",
        "a-.example",
        "a_b.example",
        "smtp://a",
        "a/b",
        "a:25",
        "u@a",
        "a b",
        " a",
        "a\n",
        "a\0",
        "[::1]",
        "fe80::1%eth0",
        "256.1.1.1",
        "1.2.3",
        "0x7f000001",
        "127.0.0.0x1",
        "１２７.０.０.１",
        "☃\u200d.example",
        "x" * 64 + ".example",
        ".".join(["x" * 60] * 5),
        "ü" * 200,
    ],
)
def test_what_is_no_host_is_refused_by_field_and_rule(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        host_of(text)
    assert str(caught.value) == "hostname must be a valid hostname (no protocol, no path)"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_clean_host_or_refused(text: str) -> None:
    try:
        host = host_of(text)
    except InvalidError:
        return
    assert host.isascii()
    assert len(host) <= 253
    assert not set(host) & set(" /@%[]\0")
    assert host_of(host) == host
