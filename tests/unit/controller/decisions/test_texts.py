from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.monitors.texts import check_texts
from controller.errors import InvalidError

LONGEST = 5
Short = Annotated[str, msgspec.Meta(max_length=LONGEST)]


class Described(msgspec.Struct, frozen=True, kw_only=True):
    word: str = ""
    long_text: Short | None = None
    other: Short = ""


@given(st.text(max_size=2 * LONGEST, alphabet=st.characters(codec="utf-8") | st.just("\0")))
def test_a_text_is_as_long_as_its_type_allows_and_holds_no_nul(text: str) -> None:
    described = Described(word=text, long_text=text)
    if len(text) <= LONGEST and "\0" not in text:
        check_texts(described)
        return
    with pytest.raises(InvalidError) as refused:
        check_texts(described)
    assert refused.value.field == "longText"
    assert refused.value.rule == (
        "must be a string of at most 5 characters or null" if len(text) > LONGEST else "must not hold NUL characters"
    )


@pytest.mark.parametrize(
    "text", ["", " li\n\t", "\r\n\t", "😀😀😀😀😀", None], ids=["empty", "line", "controls", "emojis", "null"]
)
def test_line_breaks_are_allowed_and_characters_are_counted(text: str | None) -> None:
    check_texts(Described(long_text=text))


def test_null_is_not_offered_where_it_is_not_allowed() -> None:
    with pytest.raises(InvalidError, match=r"other must be a string of at most 5 characters$"):
        check_texts(Described(other="😀" * 6))
