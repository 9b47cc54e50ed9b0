"""SQL statements stand in the code as whole ones: a reader can search for them, and no value gets into their text.

Only the names of partitions are put into statements, because parameters cannot stand for the names of tables.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator, Mapping

import pytest

from tests.unit.house.sources import PRODUCT, ROOT, name_of, python_files

NAMING_PARTITIONS = {
    "controller/store/platform/partitions.py": "the partitions of days",
    "controller/store/rollups/months.py": "the partitions of months",
    "controller/store/blocks/space.py": "the partitions of days whose rows were put into blocks",
    "controller/store/retention/removal.py": "the partitions of days from which an organization's rows are removed",
}
"""The files that put the names of partitions into statements, and which ones."""

STATEMENTS = ("controller/store", "controller/decisions")
"""The folders with the product's SQL."""

_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|JOIN|RETURNING|VALUES|GROUP BY|ORDER BY|FOR UPDATE)\b")
_EXCEPTION = re.compile(r"#\s*(?:ruff:\s*)?noqa(?!:)|#\s*(?:ruff:\s*)?noqa:[^#]*\bS6(?:08)?\b", re.IGNORECASE)
_JOINING = frozenset({"format", "format_map", "join", "replace", "substitute", "safe_substitute", "removesuffix"})


def exceptions(source: str) -> list[int]:
    """The lines of a module on which the linter accepts statements that are put together."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.start[0] for token in tokens if token.type == tokenize.COMMENT and _EXCEPTION.search(token.string)]


def put_together(source: str) -> list[int]:
    """The lines of a module on which a statement or a part of one is put together with something else."""
    tree = ast.parse(source)
    parts = frozenset(_parts(tree))
    return sorted({node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr) and _joins(node, parts)})


def _parts(tree: ast.Module) -> Iterator[str]:
    """The names of strings with SQL in them."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                if value is not None and _is_sql(value, frozenset()):
                    yield name


def _joins(node: ast.expr, parts: frozenset[str]) -> bool:
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values) and _is_sql(node, parts)
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
            return _is_sql(left, parts) or _is_sql(right, parts)
        case ast.Call(func=ast.Attribute(attr=method, value=value), args=arguments) if method in _JOINING:
            return any(_is_sql(one, parts) for one in (value, *arguments))
        case ast.Call(func=ast.Name(id="Template"), args=arguments):
            return any(_is_sql(one, parts) for one in arguments)
    return False


def _is_sql(node: ast.expr, parts: frozenset[str]) -> bool:
    """Whether it is a string with SQL in it, or one of the names of such strings."""
    match node:
        case ast.Constant(value=str(text)):
            return bool(_SQL.search(text))
        case ast.Name(id=name):
            return name in parts
        case ast.JoinedStr(values=values):
            return any(_is_sql(value, parts) for value in values)
        case ast.FormattedValue(value=value):
            return _is_sql(value, parts)
        case ast.BinOp(left=left, right=right):
            return _is_sql(left, parts) or _is_sql(right, parts)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return any(_is_sql(one, parts) for one in elements)
        case ast.IfExp(body=body, orelse=other):
            return _is_sql(body, parts) or _is_sql(other, parts)
    return False


def problems(sources: Mapping[str, str]) -> Iterator[str]:
    """What must be written as a whole statement, one line each. `sources` are texts by file name."""
    for file, source in sources.items():
        if file in NAMING_PARTITIONS:
            continue
        for line in exceptions(source):
            yield f"{file}:{line}: only files that name partitions have exceptions from S608"
        if file.startswith(STATEMENTS):
            for line in put_together(source):
                yield f"{file}:{line}: a statement is put together; write it as a whole"


def test_statements_are_whole() -> None:
    found = list(problems({name_of(path): path.read_text() for path in python_files(*PRODUCT, "tests")}))
    assert not found, "\n" + "\n".join(found)


def test_files_that_name_partitions_still_do() -> None:
    texts = {file: (ROOT / file).read_text() for file in NAMING_PARTITIONS}
    needless = [file for file, text in texts.items() if not exceptions(text) and not put_together(text)]
    assert not needless, "they need not be allowed any more: " + ", ".join(needless)


def test_the_linter_looks_for_statements_everywhere() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in rules["extend-select"]
    left_out = [*rules["ignore"], *(rule for ignored in rules["per-file-ignores"].values() for rule in ignored)]
    assert not {"S", "S6", "S60", "S608"} & set(left_out)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('f"SELECT {COLUMNS}"', id="a name in an f-string"),
        pytest.param('f"id = {number} ORDER BY id"', id="a part of a statement"),
        pytest.param('_ROWS = "x FROM y"\nf"({_ROWS})"', id="a part by its name, in an f-string"),
        pytest.param('"SELECT " + columns', id="plus"),
        pytest.param('"SELECT %s" % columns', id="percent"),
        pytest.param('"SELECT {}".format(columns)', id="format"),
        pytest.param('_HASTEN = "UPDATE x SET {which}"\n_HASTEN.format(which=1)', id="format of a name"),
        pytest.param('_HASTEN: str = "UPDATE x SET y"\n_HASTEN.replace("x", "z")', id="replace"),
        pytest.param('" ".join(["SELECT", columns])', id="join"),
        pytest.param('Template("SELECT $columns")', id="template"),
        pytest.param('x = (\n"DELETE FROM x "\nf"WHERE y = {z}")', id="an f-string of several lines"),
    ],
)
def test_a_statement_that_is_put_together_is_found(source: str) -> None:
    assert len(put_together(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('run("SELECT 1" " FROM x")', id="several lines of one string"),
        pytest.param('_ONE = "SELECT 1"\n_TWO = "SELECT 2"\nrun(_ONE if x else _TWO)', id="one of two statements"),
        pytest.param('f"removed from {table}"', id="prose"),
        pytest.param('f"DROP FUNCTION {signature}"', id="what has no parameters in SQL"),
        pytest.param('at.replace(tzinfo=UTC) + DAY, ", ".join(names)', id="other values"),
    ],
)
def test_other_code_is_left_alone(source: str) -> None:
    assert put_together(source) == []


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        pytest.param("# noqa: S608", True, id="alone"),
        pytest.param("# noqa: S608 - constants only", True, id="with a reason"),
        pytest.param("# noqa: S105, S608", True, id="with another rule"),
        pytest.param("# noqa", True, id="from all rules"),
        pytest.param("# ruff: noqa: S608", True, id="for the whole file"),
        pytest.param("# ruff: noqa", True, id="for the whole file, from all rules"),
        pytest.param("# noqa: S105 - not a token", False, id="from another rule"),
    ],
)
def test_an_exception_is_found(comment: str, found: bool) -> None:
    assert exceptions(f"\nx = 1  {comment}\n") == ([2] if found else [])
