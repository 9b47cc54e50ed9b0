"""`python -m tests.docs.openapi` writes docs/openapi.json again; a change that breaks clients needs `--breaking`."""

from __future__ import annotations

import asyncio
import sys

from tests.docs.openapi.changes import breaks
from tests.docs.openapi.kept import FILE, kept, present, written


def main() -> None:
    document = asyncio.run(present())
    broken = breaks(kept(), document) if FILE.exists() else []
    for line in broken:
        print(f"breaks clients: {line}")
    if broken and "--breaking" not in sys.argv:
        sys.exit(f"{FILE.name} is not written; where this is intended, announce it (docs/api.md) and add --breaking")
    FILE.write_text(written(document), encoding="utf-8")
    print(f"wrote {FILE.name}")


if __name__ == "__main__":
    main()
