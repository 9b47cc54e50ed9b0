"""The examples of deploy/README.md that are no shell: each by the language after its fence."""

from __future__ import annotations

import re

from tests.integration.deploy.centre import DEPLOY


def snippet(language: str) -> str:
    """The only example in this language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", (DEPLOY / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"{len(found)} examples in {language}"
    return str(found[0])
