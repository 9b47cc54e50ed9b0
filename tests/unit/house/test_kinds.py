"""Only a kind's own modules, and the vendors' groups that are about it, name the kind. Everything else asks the
registry of kinds, so that a new kind needs no change elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from shared.wire.targets import KINDS, TARGETS
from tests.unit.house.sources import PRODUCT, ROOT, name_of, python_files

_SCHEMES = frozenset(f"{kind}s" for kind in KINDS)
_CLASSES = frozenset(target.__name__ for target in TARGETS)
_MODULES = re.compile(
    rf"(shared\.wire\.targets|agent\.probes|controller\.kinds)\.(?:\w*_)?({'|'.join(KINDS)})(?:[._]|$)"
)
_ALLOWED = re.compile(
    r"shared/wire/targets/\w+\.py|agent/probes/\w+/\w+\.py|controller/kinds/\w+\.py"
    r"|controller/api/compat/.*"  # the vendors' groups of routes, which are about certain kinds
)
_FOR_ALL_KINDS = re.compile(
    r"shared/wire/targets/(__init__|base)\.py|agent/probes/__init__\.py"
    r"|controller/kinds/(__init__|configured|kind|obstacles|plain|servers|values|words)\.py"
)
"""Modules in the kinds' folders that serve every kind."""

_QUOTED = re.compile(rf"'({'|'.join(KINDS)})'")
"""As in a statement: `kind = 'smtp'`."""

_TEXT = re.compile(rf"\b({'|'.join(KINDS)})s?\b", re.IGNORECASE)


def named_kinds(source: str) -> Iterator[tuple[int, str]]:
    """The line and the text of every constant that is a kind or its scheme, and of every use of a kind's own module or
    class.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if text.lower() in {*KINDS, *_SCHEMES}:
                yield node.lineno, repr(text)
            case ast.Constant(value=str(text)) if said := _QUOTED.search(text):
                yield node.lineno, said[0]
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in _CLASSES:
                yield node.lineno, name
            case ast.ImportFrom(module=str(module)) if _MODULES.match(module):
                yield node.lineno, module
            case ast.ImportFrom(module=str(module), names=names):
                for one in names:
                    if _MODULES.match(f"{module}.{one.name}"):
                        yield node.lineno, f"{module}.{one.name}"
            case ast.Import(names=names):
                for one in names:
                    if _MODULES.match(one.name):
                        yield node.lineno, one.name


def is_allowed(file: str) -> bool:
    return bool(_ALLOWED.fullmatch(file)) and not _FOR_ALL_KINDS.fullmatch(file)


@pytest.mark.parametrize("folder", PRODUCT)
def test_no_other_module_names_a_kind(folder: str) -> None:
    found = [
        f"{name_of(path)}:{line} names {text}"
        for path in python_files(folder)
        if not is_allowed(name_of(path))
        for line, text in named_kinds(path.read_text())
    ]
    assert not found, "ask shared.wire.targets or controller.kinds instead:\n" + "\n".join(found)


def test_no_page_names_a_kind() -> None:
    pages = [path for ending in ("html", "js", "css") for path in (ROOT / "controller").rglob(f"*.{ending}")]
    found = [
        f"{name_of(path)}:{number} says {said[0]}"
        for path in pages
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for said in [_TEXT.search(line)]
        if said
    ]
    assert len(pages) > 50
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("kind = 'smtp'", "'smtp'", id="a constant is found"),
        pytest.param("\"WHERE kind = 'imap'\"", "'imap'", id="one in a statement is found"),
        pytest.param("names = {'POP3': 1}", "'POP3'", id="also in capitals, and as a key"),
        pytest.param("scheme == 'imaps'", "'imaps'", id="a scheme is found"),
        pytest.param("isinstance(target, ImapTarget)", "ImapTarget", id="a use of a kind's class is found"),
        pytest.param("imap.ImapTarget", "ImapTarget", id="an attribute is found"),
        pytest.param("from shared.wire.targets.smtp import SMTP", "shared.wire.targets.smtp", id="a module is found"),
        pytest.param("from controller.kinds import imap_pop", "controller.kinds.imap_pop", id="by its package too"),
        pytest.param("import agent.probes.pop3.login", "agent.probes.pop3.login", id="an import of a module is found"),
    ],
)
def test_a_named_kind_is_found(source: str, text: str) -> None:
    assert text in [found for _, found in named_kinds(source)]


@pytest.mark.parametrize(
    "source",
    [
        "'SMTP: EHLO, or HELO.'",
        "smtp_host = settings.smtp_host",
        "from controller.notify.email import relay",
        "from controller.kinds import label_of",
    ],
)
def test_sentences_and_other_names_are_left_alone(source: str) -> None:
    assert not list(named_kinds(source))


def test_every_kind_may_name_itself() -> None:
    assert all(is_allowed(f"{target.__module__.replace('.', '/')}.py") for target in TARGETS)
    assert not is_allowed("shared/wire/targets/base.py")
    assert not is_allowed("controller/kinds/servers.py")
