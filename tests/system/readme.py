"""The shell examples of a Markdown page, as its reader would paste them one after the other."""

from __future__ import annotations

import re
from typing import NamedTuple

_BLOCK = re.compile(r"(?P<comment><!--(?:(?!-->).)*-->\n)?^```sh\n(?P<script>.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: \S.*-->\n", re.DOTALL)


class Example(NamedTuple):
    """`line` is where it stands in the page, from 1; `skipped` when a comment before it says `not run:` and why."""

    line: int
    script: str
    skipped: bool


def examples(page: str) -> list[Example]:
    """Every ```sh block of the page, in order."""
    return [
        Example(
            line=page.count("\n", 0, found.start("script")),
            script=found["script"],
            skipped=bool(_NOT_RUN.fullmatch(found["comment"] or "")),
        )
        for found in _BLOCK.finditer(page)
    ]
