"""What the content security policy would refuse is in no template, everything is escaped, and the files stay small."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined, nodes

from controller.pages.shell import static_files, templates

_FOLDER = Path(str(files("controller.pages")))
_TEMPLATES = {
    str(path.relative_to(_FOLDER / "templates")): path.read_text() for path in (_FOLDER / "templates").rglob("*.html")
}
_SCRIPTS = sorted((_FOLDER / "static" / "scripts").rglob("*.js"))
_STYLES = sorted((_FOLDER / "static" / "style").rglob("*.css"))
_OF_WALLS = sorted((_FOLDER / "static" / "wall").iterdir())
"""Loaded by walls only, beside stream.js and times.js."""
_SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<content>.*?)</script>", re.DOTALL)
_STATEMENT = re.compile(r"{%\s*set\b.*?%}", re.DOTALL)
_JSON = re.compile(r'type="application/(?:ld\+)?json"')

SCRIPTS_AT_MOST = 40 * 1024
STYLES_AT_MOST = 32 * 1024
WALL_AT_MOST = 12 * 1024
WALL_STYLE_AT_MOST = 4 * 1024
REFUSED = {
    "an inline style": r"\sstyle\s*=",
    "an inline handler": r"\son[a-z]+\s*=",
    "markup that is not escaped": r"\|\s*safe\b|Markup\(|autoescape\s+false",
    "a style element": r"<style\b",
    "an address of another host": r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""",
    "a script as an address": r"javascript:",
}


def inline_scripts(text: str) -> list[str]:
    """The contents of scripts that a browser would run."""
    return [
        found["content"]
        for found in _SCRIPT.finditer(text)
        if found["content"].strip() and not _JSON.search(found["attributes"])
    ]


@pytest.mark.parametrize("name", sorted(_TEMPLATES))
@pytest.mark.parametrize("what", REFUSED)
def test_no_template_has(name: str, what: str) -> None:
    found = re.search(REFUSED[what], _STATEMENT.sub("", _TEMPLATES[name]), re.IGNORECASE)
    assert found is None, f"{name} has {what}: {found and found[0]!r}"


@pytest.mark.parametrize("name", sorted(_TEMPLATES))
def test_no_template_has_a_script_of_its_own(name: str) -> None:
    assert inline_scripts(_TEMPLATES[name]) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("an inline style", '<p style="color: red">'),
        ("an inline handler", '<a onclick = "x()">'),
        ("markup that is not escaped", "{{ view.text | safe }}"),
        ("an address of another host", '<img src="//cdn.example.com/x.png">'),
    ],
)
def test_what_is_refused_is_found(what: str, text: str) -> None:
    assert re.search(REFUSED[what], text)


def test_a_script_is_found_and_data_is_none() -> None:
    assert inline_scripts("<script>alert(1)</script>") == ["alert(1)"]
    assert inline_scripts('<script type="application/json" id="x">{"a": 1}</script><script src="x.js"></script>') == []


def test_names_are_strict_and_everything_is_escaped() -> None:
    environment: Environment = templates._ENVIRONMENT
    assert environment.undefined is StrictUndefined
    assert environment.autoescape is True


@pytest.mark.parametrize("name", sorted(_TEMPLATES))
def test_every_template_is_complete(name: str) -> None:
    """It compiles, and every filter, test and template that it names exists: also where no test renders it."""
    environment: Environment = templates._ENVIRONMENT
    environment.get_template(name)
    tree = environment.parse(_TEMPLATES[name])
    assert {one.name for one in tree.find_all(nodes.Filter)} <= environment.filters.keys()
    assert {one.name for one in tree.find_all(nodes.Test)} <= environment.tests.keys()
    for one in tree.find_all((nodes.Extends, nodes.Include, nodes.FromImport, nodes.Import)):
        named: nodes.Node = getattr(one, "template")  # noqa: B009 - its type hides what all of them have
        assert isinstance(named, nodes.Const)
        assert named.value in _TEMPLATES


@pytest.mark.parametrize("name", sorted(name for name in _TEMPLATES if name.startswith("macros/")))
def test_every_macro_is_used(name: str) -> None:
    macros = {one.name for one in templates._ENVIRONMENT.parse(_TEMPLATES[name]).find_all(nodes.Macro)}
    others = "\n".join(_TEMPLATES.values()) + "\n".join(path.read_text() for path in _FOLDER.rglob("*.py"))
    assert sorted(macro for macro in macros if len(re.findall(rf"\b{macro}\b", others)) < 2) == []


@pytest.mark.parametrize(
    ("paths", "at_most"),
    [
        pytest.param(lambda: _SCRIPTS, SCRIPTS_AT_MOST, id="scripts"),
        pytest.param(lambda: _STYLES, STYLES_AT_MOST, id="styles"),
        pytest.param(lambda: _of_walls(".js"), WALL_AT_MOST, id="scripts of walls"),
        pytest.param(lambda: _of_walls(".css"), WALL_STYLE_AT_MOST, id="the style of walls"),
    ],
)
def test_scripts_and_styles_stay_small(paths: Callable[[], list[Path]], at_most: int) -> None:
    sizes = {path.name: path.stat().st_size for path in paths()}
    assert sum(sizes.values()) <= at_most, sizes
    assert sizes


def _of_walls(ending: str) -> list[Path]:
    return [path for path in _OF_WALLS if path.suffix == ending]


def test_every_file_is_served() -> None:
    assert {path.name for path in [*_SCRIPTS, *_OF_WALLS]} <= static_files.FILES.keys()
    assert "style.css" in static_files.FILES


def test_only_walls_load_the_scripts_of_walls() -> None:
    assert set(static_files.SCRIPTS) == {path.name for path in _SCRIPTS}


@pytest.mark.parametrize("path", [*_SCRIPTS, *_of_walls(".js")], ids=lambda path: path.name)
def test_no_script_writes_markup_or_evaluates(path: Path) -> None:
    """What a server said would become markup; and the policy refuses to evaluate."""
    found = re.search(
        r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b", path.read_text()
    )
    assert found is None or path.name in _PARSES, found


_PARSES = frozenset({"patch.js"})
"""Scripts that put fragments of our own server in place."""
