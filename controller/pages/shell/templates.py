"""Jinja2 with strict names and escaping everywhere. Templates hold markup; what they show is decided before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from controller.pages.shell import static_files, texts

_ENVIRONMENT = Environment(
    loader=PackageLoader("controller.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "foreign": texts.foreign,
    "iso": texts.iso,
    "utc": texts.utc,
    "span": texts.span,
    "ms": texts.milliseconds,
    "percent": texts.percent,
    "counted": texts.counted,
}
_ENVIRONMENT.globals |= {"asset": static_files.asset, "scripts": static_files.SCRIPTS}

FRAGMENT = "main"
"""The block of each page that is fetched anew when the page is out of date."""


def prepared() -> Iterator[Callable[[], object]]:
    """Calls that compile one template each, in all half a second of CPU that the first pages would spend otherwise."""
    for name in _ENVIRONMENT.list_templates():
        yield partial(_ENVIRONMENT.get_template, name)


def render(name: str, **values: Any) -> str:
    """The whole page, or whatever the template is of. Raises jinja2.UndefinedError for a value that is missing."""
    return _ENVIRONMENT.get_template(name).render(**values)


def render_fragment(name: str, **values: Any) -> str:
    """Only the block FRAGMENT of a page."""
    template = _ENVIRONMENT.get_template(name)
    context = template.new_context(values)
    next(template.root_render_func(context))  # what the page imports for its blocks is imported before it begins
    return "".join(context.blocks[FRAGMENT][0](context))  # its own one, or that of the page which it extends


def macro(template: str, name: str, **values: Any) -> Any:
    """A macro that draws one element outside of its page. `values` are the names that the template itself uses."""
    return getattr(_ENVIRONMENT.get_template(template).make_module(values), name)
