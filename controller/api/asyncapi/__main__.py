"""`python -m controller.api.asyncapi` writes `asyncapi.json` again; run it after a change of wire types or texts."""

from __future__ import annotations

from pathlib import Path

from controller.api.asyncapi.document import text

if __name__ == "__main__":
    file = Path(__file__).with_name("asyncapi.json")
    file.write_text(text(), encoding="utf-8")
    print(f"wrote {file.name}")
