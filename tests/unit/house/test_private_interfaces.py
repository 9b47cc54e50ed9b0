"""Private interfaces of libraries are used in one module for each library; everything else uses what is public."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest

import agent
import controller
import shared
from tests.unit.house.sources import name_of, python_files

OURS = ("agent", "controller", "shared", "deploy")
ADAPTERS = {
    "agent/net/peer_chain.py": "ssl before Python 3.13",
    "controller/http/uvicorn_connection.py": "uvicorn",
    "shared/command_line.py": "argparse",
    "shared/nats/client.py": "nats-py",
}
PUBLIC = {"_asdict", "_fields", "_make", "_replace"}  # of named tuples
LANGUAGE = {"abc", "builtins", "enum", "typing"}
"""Modules whose base classes put names of their own into every class, such as these:"""
OF_THE_LANGUAGE = {"_abc_impl", "_is_protocol"}


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in PUBLIC


def defined(tree: ast.Module) -> set[str]:
    """Names that a module itself gives to functions, classes, variables and attributes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                names.add(name)
    return names


def used(source: str) -> Iterator[str]:
    """Private names of other packages in a module: imports, attributes, `getattr` by a name."""
    tree = ast.parse(source)
    own = defined(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names if any(map(private, each.name.split("."))))
            case ast.ImportFrom(module=str(module), names=names, level=0) if module.split(".")[0] not in OURS:
                parts = [*module.split("."), *(each.name for each in names)]
                if any(map(private, parts)):
                    yield module
            case ast.Attribute(attr=name) if private(name) and name not in own:
                yield ast.unparse(node)
            case ast.Call(func=ast.Name(id="getattr" | "setattr"), args=[_, ast.Constant(value=str(name)), *_]):
                if private(name) and name not in own:
                    yield ast.unparse(node)


@cache
def replaced() -> dict[str, set[str]]:
    """By module: private members of a library's class that a class of ours replaces."""
    found: dict[str, set[str]] = {}
    for package in (agent, controller, shared):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for cls in vars(import_module(module.name)).values():
                if inspect.isclass(cls) and cls.__module__ == module.name:
                    bases = [base for base in cls.__mro__ if base.__module__.split(".")[0] not in {*OURS, *LANGUAGE}]
                    names = {name for name in vars(cls) if private(name) and any(name in vars(base) for base in bases)}
                    if names := names - OF_THE_LANGUAGE:
                        found.setdefault(f"{module.name.replace('.', '/')}.py", set()).update(names)
    return found


def test_only_the_adapters_use_what_is_private() -> None:
    found = {
        name_of(path): names
        for path in python_files("agent", "controller", "shared")
        if (names := set(used(path.read_text(encoding="utf-8"))))
    }
    assert {path: names for path, names in (found | replaced()).items() if path not in ADAPTERS} == {}
    assert ADAPTERS.keys() - found.keys() - replaced().keys() == set(), "these need not be adapters any more"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from litestar._openapi.plugin import OpenAPIPlugin", "litestar._openapi.plugin"),
        ("from ssl import _ssl_io_loop", "ssl"),
        ("import asyncpg._testbase", "asyncpg._testbase"),
        ("def f(tls):\n    return tls._sslobj", "tls._sslobj"),
        ("class C(B):\n    def f(self):\n        self._inherited()", "self._inherited"),
        ("getattr(transport, '_io_writer', None)", "getattr(transport, '_io_writer', None)"),
    ],
)
def test_what_is_private_is_found(source: str, name: str) -> None:
    assert list(used(source)) == [name]


@pytest.mark.parametrize(
    "source",
    [
        "from controller.notify import _x",
        "def f(pair):\n    return pair._replace(a=1)",
        "class C:\n    def __init__(self):\n        self._own = 1\n    def f(self):\n        return self._own",
        "type(error).__name__",
    ],
)
def test_what_is_ours_or_public_is_not(source: str) -> None:
    assert list(used(source)) == []
