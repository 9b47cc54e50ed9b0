"""Style and scripts. Their path holds a hash of their content, so that browsers can keep them for ever.

The hash covers the templates too: a page that is open finds out by it that the controller has another version.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, UNCOUNTED

_YEAR = 31_536_000
_FOLDER = files("controller.pages") / "static"
_TEMPLATES = files("controller.pages") / "templates"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class StaticFile(NamedTuple):
    content: bytes
    compressed: bytes
    media_type: str


def _file(name: str, content: bytes) -> StaticFile:
    return StaticFile(content, gzip.compress(content, mtime=0), _TYPES[name.rpartition(".")[2]])


def _contents(folder: Traversable, ending: str) -> dict[str, bytes]:
    """The files of a folder by name, in alphabetical order."""
    found = sorted((item for item in folder.iterdir() if item.name.endswith(ending)), key=lambda item: item.name)
    return {item.name: item.read_bytes() for item in found}


def _load() -> dict[str, StaticFile]:
    """Every file by its name in the URL. The parts of the style sheet become one file."""
    style = b"\n".join(_contents(_FOLDER / "style", ".css").values())
    contents = {
        "style.css": style,
        **_contents(_FOLDER / "scripts", ".js"),
        **_contents(_FOLDER / "wall", ".css"),
        **_contents(_FOLDER / "wall", ".js"),
        **_contents(_FOLDER, ".svg"),
    }
    return {name: _file(name, content) for name, content in contents.items()}


def _templates(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _templates(item)
        elif item.name.endswith(".html"):
            yield item.name, item.read_bytes()


def _digest() -> str:
    parts = [*((name, file.content) for name, file in FILES.items()), *_templates(_TEMPLATES)]
    return hashlib.sha256(b"\0".join(name.encode() + b"\0" + content for name, content in parts)).hexdigest()[:16]


FILES = _load()
DIGEST = _digest()
SCRIPTS = tuple(_contents(_FOLDER / "scripts", ".js"))
"""Those that every page loads; a wall has its own."""


def asset(name: str) -> str:
    """The path of a static file, below the base of all links. Raises KeyError for a file that does not exist."""
    return f"/static/{DIGEST}/{name}" if FILES[name] else ""


@get("/static/{digest:str}/{name:str}", opt={PERMISSION: Permission.PUBLIC, UNCOUNTED: True})
async def static_file(request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """One file. Another version's digest is not found, because its files are not here."""
    if digest != DIGEST or name not in FILES:
        raise NotFoundException
    file = FILES[name]
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "Cache-Control": f"public, max-age={_YEAR}, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(file.compressed if packed else file.content, media_type=file.media_type, headers=headers)
