"""The rule for the names by which programs know the monitors that they manage. Pure."""

from __future__ import annotations

import re

from controller.errors import InvalidError

LONGEST_KEY = 100
KEY_PATTERN = rf"^[A-Za-z0-9._-]{{1,{LONGEST_KEY}}}$"
_KEY = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_KEY}}}", re.ASCII)
_RULE = f"must be 1 to {LONGEST_KEY} letters, digits, dots, underscores and hyphens"


def check_key(text: str, *, field: str) -> None:
    """Upper and lower case differ. Raises InvalidError."""
    if not _KEY.fullmatch(text):
        raise InvalidError(field, _RULE)


def check_keys(project: str | None, external_key: str | None) -> None:
    """Raises InvalidError."""
    if project is None and external_key is None:
        return
    if project is None or external_key is None:
        missing = "project" if project is None else "externalKey"
        raise InvalidError(missing, "must be set when externalKey or project is")
    check_key(project, field="project")
    check_key(external_key, field="externalKey")
