"""`mailprobe-local`. Its modules are imported in `main`, so that Ctrl-C ends that, too, without a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from deploy.local.running import run

        run()
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main()
