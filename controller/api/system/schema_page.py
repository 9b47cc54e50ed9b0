"""`/schema`: the OpenAPI document as a page for reading and trying. The browser loads nothing from other hosts."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.params import FromPath

# The package has no types.
_FOLDER = import_module("swagger_ui_bundle").swagger_ui_path
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_START = """\
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailprobe API</title>
<base href="/schema/">
<link rel="stylesheet" href="assets/swagger-ui.css">
<link rel="icon" href="assets/favicon-32x32.png">
</head>
<body>
<p style="font: 16px sans-serif; margin: 1rem"><a href="stream">The stream of results, verdicts and incidents</a></p>
<div id="page"></div>
<script src="assets/swagger-ui-bundle.js"></script>
<script src="assets/start.js"></script>
</body>
</html>
"""
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_DAY = 86_400


class SchemaPage(OpenAPIRenderPlugin):
    """Swagger UI, with its files from the installed package."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(
        self,
        request: Request[Any, Any, Any],  # noqa: ARG002 - part of Litestar's contract
        openapi_schema: dict[str, Any],  # noqa: ARG002 - the page loads it
    ) -> bytes:
        return _PAGE.encode()

    def receive_router(self, router: Router) -> None:
        router.register(asset)


@get("/assets/{name:str}", sync_to_thread=True)
def asset(name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    if name == "start.js":
        return _file(_START.encode(), "text/javascript")
    if name not in _FILES:
        raise NotFoundException
    return _file((_FOLDER / name).read_bytes(), _FILES[name])


def with_policy(response: Response[Any]) -> Response[Any]:
    """Forbids these pages to load anything from, or to send anything to, another host."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _file(content: bytes, media_type: str) -> Response[bytes]:
    return Response(content, media_type=media_type, headers={"Cache-Control": f"public, max-age={_DAY}"})
