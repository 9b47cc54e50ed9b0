"""axe-core, which looks for barriers in a page. Its file comes with a package that `make tools` installs."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.browser.browser import Browser

_LOOK = """
const done = arguments[arguments.length - 1];
const said = (node) => `${node.target.join(" ")}: ${[...node.any, ...node.all].map((one) => one.message).join("; ")}`;
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
axe.run(document, {resultTypes: ["violations"], runOnly: rules}).then(({violations}) => done(violations
  .filter((each) => each.impact === "serious" || each.impact === "critical")
  .map((each) => `${each.impact}: ${each.id}: ${each.nodes.slice(0, 4).map(said).join(" | ")}`)));
"""


@cache
def source() -> str | None:
    """The script, or None where the package is not installed. The package itself is not imported: it needs a browser of
    its own.
    """
    found = find_spec("axe_playwright_python")
    for folder in (found.submodule_search_locations if found else None) or []:
        return (Path(folder) / "axe.min.js").read_text()
    return None


def barriers(browser: Browser) -> list[str]:
    """The serious and critical barriers of the page that is open, in words."""
    script = source()
    assert script, "axe is not installed"
    browser.value(script)
    return list(browser.run(_LOOK))
