"""The rule that plain texts of users keep. Pure."""

from __future__ import annotations

from controller.errors import InvalidError

LONGEST = 255


def check_text(text: str | None, *, field: str) -> None:
    """One line that any reader and PostgreSQL can keep, or none. Raises InvalidError."""
    if text is not None and (len(text) > LONGEST or not text.isprintable()):
        raise InvalidError(field, f"must be at most {LONGEST} printable characters, or null")
