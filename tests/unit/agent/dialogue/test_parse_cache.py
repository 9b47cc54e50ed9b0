"""Which parsed replies are cached, and which are not."""

from __future__ import annotations

from agent.dialogue.parse_cache import parse_cached


def test_what_is_short_is_read_once_and_what_is_long_each_time() -> None:
    read: list[str] = []

    @parse_cached(longest=3)
    def shout(text: str) -> str:
        read.append(text)
        return text.upper()

    assert [shout(text) for text in ("abc", "abc", "abcd", "abcd")] == ["ABC", "ABC", "ABCD", "ABCD"]
    assert read == ["abc", "abcd", "abcd"]


def test_what_was_read_long_ago_is_forgotten() -> None:
    read: list[str] = []

    @parse_cached(longest=8)
    def keep(text: str) -> str:
        read.append(text)
        return text

    for number in range(1_000):
        keep(str(number))
    read.clear()
    keep("999")
    keep("0")
    assert read == ["0"]
