"""The rule for plain texts of users. Pure."""

from __future__ import annotations

from controller.errors import InvalidError

LONGEST = 255


def check_text(text: str | None, *, field: str) -> None:
    """Accept one line that any reader and PostgreSQL can store, or None. Raises InvalidError."""
    if text is not None and (len(text) > LONGEST or not text.isprintable()):
        raise InvalidError(field, f"must be at most {LONGEST} printable characters, or null")
