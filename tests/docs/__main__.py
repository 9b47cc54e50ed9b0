"""Write the generated pages of docs/ anew: `make docs`."""

from __future__ import annotations

from tests.docs.pages import PAGES, path_of


def main() -> None:
    for name, page in PAGES.items():
        path_of(name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
