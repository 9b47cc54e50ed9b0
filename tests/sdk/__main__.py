"""`python -m tests.sdk [FOLDER]` writes the wheel of the client, to dist/ when no folder is named."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.docs.openapi.kept import present
from tests.sdk.wheel import make_wheel


def main(arguments: list[str]) -> None:
    folder = Path(*arguments[:1]) if arguments else Path(__file__).parents[2] / "dist"
    print(f"wrote {make_wheel(asyncio.run(present()), folder)}")


if __name__ == "__main__":
    main(sys.argv[1:])
