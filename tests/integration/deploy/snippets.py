"""The examples of docs/operations.md that are not shell, found by the language after the fence."""

from __future__ import annotations

import re

from tests.integration.deploy.centre import OPERATIONS


def snippet(language: str) -> str:
    """The only example in this language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", OPERATIONS.read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"{len(found)} examples in {language}"
    return str(found[0])
