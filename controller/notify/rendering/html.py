"""Lays a message out as the HTML of a mail: tables with their style in place, which every mail program understands."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from controller.notify.rendering.content import Content

_ENVIRONMENT = Environment(
    loader=PackageLoader("controller.notify"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(content: Content, subject: str, tone: str) -> str:
    """`tone` chooses the colour: trouble, better or plain."""
    return template().render(content=content, subject=subject, tone=tone)


@lru_cache
def template() -> Template:
    """Compiles it once, which takes longer than an event loop may be held up."""
    return _ENVIRONMENT.get_template("mail.html")
