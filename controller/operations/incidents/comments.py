"""What people may write about an incident."""

from __future__ import annotations

from controller.errors import InvalidError

LONGEST = 2000


def check_text(text: str, *, field: str, least: int = 1) -> None:
    """Check that readers and PostgreSQL can show and store the text. Raises InvalidError."""
    printable = all(line.isprintable() for line in text.replace("\t", " ").splitlines())
    if not printable or not least <= len(text.strip()) or len(text) > LONGEST:
        raise InvalidError(field, f"must be {least} to {LONGEST} characters, none of them a control character")
