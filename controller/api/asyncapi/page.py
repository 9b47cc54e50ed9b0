"""The AsyncAPI document as one HTML page, without scripts and without anything from another host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import msgspec

_STYLE = """\
:root { color-scheme: light dark; --line: #8886; --faint: #8882; }
body { font: 1rem/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 52rem; padding: 1rem; }
h1 { line-height: 1.2; } h2 { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1rem; }
code, pre { background: var(--faint); border-radius: .25rem; font: .875em/1.5 ui-monospace, monospace; }
code { overflow-wrap: anywhere; padding: .1em .25em; } pre { overflow-x: auto; padding: .75rem; }
dt { margin-top: .75rem; } dt span { opacity: .75; } dd { margin: .15rem 0 0 1rem; } nav a { margin-right: .75rem; }
summary { cursor: pointer; margin-top: .75rem; }
"""
_CODE = re.compile(r"`([^`]+)`")
_NULL = {"type": "null"}


def page(document: Mapping[str, Any]) -> str:
    """HTML of an AsyncAPI document such as ours. All text from the document is escaped."""
    info = document["info"]
    title = escape(info["title"])
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>",
            "<nav>",
            *(f'<a href="#{name}">{name} events</a>' for name in map(escape, document["channels"])),
            '<a href="/schema/asyncapi.json">asyncapi.json</a> <a href="/schema">the HTTP API</a>',
            "</nav>",
            *_prose(info["description"]),
            *_messages(document),
            *_types(document["components"]["schemas"]),
            "</body>\n</html>\n",
        ]
    )


def _messages(document: Mapping[str, Any]) -> Iterator[str]:
    components = document["components"]
    for name, channel in document["channels"].items():
        message = components["messages"][name]
        yield f'<h2 id="{escape(name)}">{escape(message["title"])}</h2>'
        yield f"<p>{_inline(channel['description'])}</p>"
        yield f"<p>Subject <code>{escape(channel['address'])}</code></p>"
        yield f"<p>{_type(message['payload'])}, with these headers:</p>"
        yield from _fields(message["headers"])
        for example in message["examples"]:
            shown = msgspec.json.format(msgspec.json.encode(example["payload"]), indent=2).decode()
            yield f"<details><summary>An example</summary><pre>{escape(shown)}</pre></details>"


def _types(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f'<h2 id="{escape(name)}">{escape(name)}</h2>'
        yield f"<p>{_inline(schema.get('description', ''))}</p>"
        if "properties" in schema:
            yield from _fields(schema)
        else:
            yield f"<p>{_type(schema)}</p>"


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "<dl>"
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        default = "" if name in required else f"; default {_json(field.get('default'))}"
        yield f"<dt><code>{escape(name)}</code> <span>{_type(field)}{default}</span></dt>"
        yield f"<dd>{_inline(field.get('description', ''))}</dd>"
    yield "</dl>"


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with links to the types it names."""
    match schema:
        case {"$ref": reference}:
            name = escape(reference.rpartition("/")[2])
            return f'<a href="#{name}">{name}</a>'
        case {"anyOf": choices}:
            known = [_type(choice) for choice in choices if choice != _NULL]
            return " or ".join(known + ["null"] * (_NULL in choices))
        case {"const": value}:
            return _json(value)
        case {"enum": words}:
            return ", ".join(_json(word) for word in words)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": values}:
            return f"object of {_type(values)}"
        case {"format": name}:
            return escape(name)
    return escape(schema["type"])


def _prose(text: str) -> Iterator[str]:
    """Renders the parts of CommonMark that the document uses: headings, paragraphs, code."""
    for block in text.strip().split("\n\n"):
        heading = block.removeprefix("## ")
        yield f"<p>{_inline(block)}</p>" if heading == block else f"<h2>{_inline(heading)}</h2>"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _json(value: Any) -> str:
    return f"<code>{escape(msgspec.json.encode(value).decode())}</code>"
