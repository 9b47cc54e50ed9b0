"""The product's Python code uses the words of its field, and none of the private ones that it was first written in."""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from tests.unit.house.sources import PRODUCT, name_of, python_files

REFUSED = frozenset(
    "told wanted heard asked look looks desk teller parked forsaken neighbour courtesy roster wish".split()  # noqa: SIM905
)
"""Words that no identifier, metric and log event contains, as one of its parts between `_` and capitals."""

REFUSED_ALONE = frozenset({"seen", "room"})
"""Words that no identifier consists of; `last_seen` and `free_room` say what is meant."""

ALLOWED: dict[str, str] = {}
"""Exact identifiers that contain a refused word all the same, each with its reason: a word of a protocol or a vendor,
as `room` is one of Matrix.
"""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]")
_METRIC = re.compile(r"mailprobe_[a-z0-9_]*")
_EVENT = re.compile(r"[a-z0-9_]+")
_LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


class Use(NamedTuple):
    """A name at a place in the code."""

    file: str
    line: int
    name: str


def refused_words(name: str) -> set[str]:
    """The refused words in a name, in lower case."""
    parts = {part.lower() for part in _PART.findall(name)}
    return (parts & REFUSED) | ({name.strip("_").lower()} & REFUSED_ALONE)


def names(file: str, source: str) -> Iterator[Use]:
    """All identifiers, metric names and log event names of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            yield Use(file, token.start[0], token.string)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.JoinedStr(values=values):
                # Until Python 3.12 the tokenizer reads an f-string as one string.
                yield from _in_braces(file, node)
                text = "".join(str(value.value) for value in values if isinstance(value, ast.Constant))
                if _METRIC.fullmatch(text):
                    yield Use(file, node.lineno, text)
            case ast.Constant(value=str(text)) if _METRIC.fullmatch(text):
                yield Use(file, node.lineno, text)
            case ast.Call(func=ast.Attribute(attr=method), args=[event, *_]) if method in _LOG_METHODS:
                yield from _events(file, event)


def _in_braces(file: str, string: ast.JoinedStr) -> Iterator[Use]:
    for node in ast.walk(string):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield Use(file, getattr(node, "lineno", string.lineno), name)


def _events(file: str, argument: ast.expr) -> Iterator[Use]:
    for node in ast.walk(argument):
        match node:
            case ast.Constant(value=str(text)) if _EVENT.fullmatch(text):
                yield Use(file, node.lineno, text)


def problems(sources: Mapping[str, str], allowed: Mapping[str, str]) -> list[str]:
    """What must be renamed, and what need not be allowed any more; one line each. `sources` are texts by file name."""
    found, needed = set(), set()
    for file, source in sources.items():
        for use in names(file, source):
            if words := refused_words(use.name):
                needed.add(use.name)
                if use.name not in allowed:
                    found.add((use, ", ".join(sorted(words))))
    return [
        *(f"{use.file}:{use.line}: {use.name} contains the refused word {words}" for use, words in sorted(found)),
        *(f"ALLOWED: {name} is not used any more" for name in sorted(allowed.keys() - needed)),
    ]


def test_the_product_uses_no_refused_word() -> None:
    found = problems({name_of(path): path.read_text() for path in python_files(*PRODUCT)}, ALLOWED)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "name", "word"),
    [
        pytest.param("def count_looks(): pass", "count_looks", "looks", id="a part of a function's name is found"),
        pytest.param("class RosterEntry: pass", "RosterEntry", "roster", id="a part of a class's name is found"),
        pytest.param("_WANTED = 1", "_WANTED", "wanted", id="a word in capitals is found"),
        pytest.param("def f(asked): pass", "asked", "asked", id="an argument is found"),
        pytest.param("f(told=1)", "told", "told", id="a keyword is found"),
        pytest.param("x.heard_at", "heard_at", "heard", id="an attribute is found"),
        pytest.param("f'{wish}'", "wish", "wish", id="a name in an f-string is found"),
        pytest.param("f'{x.desk}'", "desk", "desk", id="an attribute in an f-string is found"),
        pytest.param("f'{g(look=1)}'", "look", "look", id="a keyword in an f-string is found"),
        pytest.param("_seen = set()", "_seen", "seen", id="a word that says nothing alone is found"),
        pytest.param("self.room", "room", "room", id="such a word is found as an attribute"),
        pytest.param(
            "Count('mailprobe_results_parked_total')",
            *("mailprobe_results_parked_total", "parked"),
            id="a metric is found",
        ),
        pytest.param(
            "f'mailprobe_{name}_look_age_seconds'",
            *("mailprobe__look_age_seconds", "look"),
            id="a metric that is put together is found",
        ),
        pytest.param("log.warning('look_too_slow', x=1)", "look_too_slow", "look", id="a log event is found"),
        pytest.param(
            "log.info('a_courtesy' if x else 'b')", "a_courtesy", "courtesy", id="one of two log events is found"
        ),
    ],
)
def test_a_refused_word_is_found_with_its_line(source: str, name: str, word: str) -> None:
    assert problems({"a.py": f"\n{source}\n"}, {}) == [f"a.py:2: {name} contains the refused word {word}"]


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("lookup = overlook = outlook", id="a longer word may contain it"),
        pytest.param("last_seen = first_seen = seen_at", id="seen may stand beside another word"),
        pytest.param("room_id = free_room", id="room may stand beside another word"),
        pytest.param("x = 'what was asked'  # asked", id="prose is not read"),
        pytest.param("parser.error('nobody asked for it')", id="a message is no log event"),
        pytest.param("x = 'MAILPROBE_WANTED'", id="a setting is no metric"),
    ],
)
def test_other_uses_are_left_alone(source: str) -> None:
    assert problems({"a.py": source}, {}) == []


def test_an_allowed_identifier_is_accepted_while_it_is_used() -> None:
    assert problems({"a.py": "room = 1"}, {"room": "a word of Matrix"}) == []
    assert problems({"a.py": "x = 1"}, {"room": "a word of Matrix"}) == ["ALLOWED: room is not used any more"]


def test_every_allowed_identifier_has_a_reason() -> None:
    assert all(ALLOWED.values())
