"""The shell examples of a Markdown page, in the order in which a reader would paste them."""

from __future__ import annotations

import re
from typing import NamedTuple

PAGES = (
    "README.md",
    "docs/api.md",
    "docs/maintenance.md",
    "docs/compatibility.md",
    "docs/streaming.md",
    "docs/what-happens-when.md",
)
"""The pages whose examples are run beside a product as `make run` starts it."""

_BLOCK = re.compile(r"(?P<comment><!--(?:(?!-->).)*-->\n)?^```sh\n(?P<script>.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: \S.*-->\n", re.DOTALL)


class Example(NamedTuple):
    """`line` is its line in the page, from 1; it is `skipped` when a comment before it says `not run:` and why."""

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
