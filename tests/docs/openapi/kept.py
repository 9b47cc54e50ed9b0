"""The document of an installation with no types of monitors of its own and without an address. The copy in docs/ leaves
out errors and the examples of answers, which no client is made from and which would be half of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import httpx

from controller.application import create_application
from controller.http.services import Services
from controller.vault import Vault, VaultKeys, new_key

FILE = Path(__file__).parents[3] / "docs" / "openapi.json"
_ERRORS = ("4", "5")


class _Unused:
    """A service that no document needs."""

    def __getattr__(self, name: str) -> _Unused:
        return self


async def present() -> dict[str, Any]:
    """The document as the code makes it. Nothing that a route would use is needed for it."""
    unused = cast("Any", _Unused())
    vault = Vault(VaultKeys(new_key().reveal()))
    services = Services(database=unused, vault=vault, dispatcher=unused, bus=unused, outlets=unused)
    transport = httpx.ASGITransport(cast("Any", create_application(services)))
    async with httpx.AsyncClient(transport=transport, base_url="http://mailprobe.test") as client:
        answer = await client.get("/schema/openapi.json")
    answer.raise_for_status()
    described: dict[str, Any] = answer.json()
    return described


def kept() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return described


def written(document: dict[str, Any]) -> str:
    paths = {
        path: {method: {**operation, "responses": _done(operation)} for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    return json.dumps({**document, "paths": paths}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _done(operation: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for status, response in operation["responses"].items():
        if not status.startswith(_ERRORS):
            content = response.get("content", {})
            bare = {form: {"schema": described["schema"]} for form, described in content.items()}
            found[status] = {**response, "content": bare}
    return found
