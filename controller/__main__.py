"""`mailprobe-controller`. Its modules are imported in `main`, so that Ctrl-C ends that, too, without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: that of controller.commands.line, or 130 after Ctrl-C."""
    try:
        from controller.commands.line import run

        return run(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
